from django.conf import settings
from django.urls import path
from django.urls.resolvers import URLPattern

from iop_portal.demo.views import gallery, mail, personas

app_name = "demo"
# Only where PORTAL_DEMO is set: these let anybody in.
demonstration: list[URLPattern] = [
    path("demo/enter/<slug:slug>/", personas.enter, name="enter"),
    path("demo/mail/", mail.mailbox, name="mailbox"),
    path("demo/mail/<int:mail_id>/", mail.mail, name="mail"),
    path("demo/mail/<int:mail_id>/html/", mail.mail_as_html, name="mail_as_html"),
    path("demo/mail/<int:mail_id>/stop/", mail.answer_stop, name="answer_stop"),
]
urlpatterns: list[URLPattern] = [
    path("gallery/", gallery.gallery, name="gallery"),
    path("gallery/<slug:page>/", gallery.gallery, name="gallery_page"),
    *(demonstration if settings.PORTAL_DEMO else []),
]
