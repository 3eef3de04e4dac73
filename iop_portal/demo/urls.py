from django.urls import path
from django.urls.resolvers import URLPattern

from iop_portal.demo.views import gallery

app_name = "demo"
urlpatterns: list[URLPattern] = [
    path("gallery/", gallery.gallery, name="gallery"),
    path("gallery/<slug:page>/", gallery.gallery, name="gallery_page"),
]
