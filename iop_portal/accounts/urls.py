from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from iop_portal.accounts.views import invitation, security

own = [
    path("invitation/", invitation.accept, name="accept_invitation"),
    path("invitation/<str:token>/", invitation.link, name="invitation_link"),
    path("protect/", security.protect, name="protect"),
]

# Without a namespace: allauth reverses its own names.
urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", include("allauth.urls")),
    path("", include((own, "accounts"))),
]
