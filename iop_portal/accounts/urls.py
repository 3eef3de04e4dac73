from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

# Without a namespace: allauth reverses its own names.
urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", include("allauth.urls")),
]
