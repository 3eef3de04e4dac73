from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from iop_portal.accounts.views import glass, invitation, security, session, settings

own = [
    path("invitation/", invitation.accept, name="accept_invitation"),
    path("invitation/<str:token>/", invitation.link, name="invitation_link"),
    path("protect/", security.protect, name="protect"),
    path("session/extend/", session.extend_session, name="extend_session"),
    path("session/lock/", session.lock_session, name="lock_session"),
    path("settings/", settings.own_settings, name="settings"),
    path("emergency-access/", glass.break_glass, name="break_glass"),
    path("emergency-access/<int:glass_id>/end/", glass.end_glass, name="end_glass"),
]

# Without a namespace: allauth reverses its own names.
urlpatterns: list[URLPattern | URLResolver] = [
    path("account/2fa/webauthn/keys/<int:pk>/remove/", security.remove_passkey, name="mfa_remove_webauthn"),
    path("account/", include("allauth.urls")),
    path("", include((own, "accounts"))),
]
