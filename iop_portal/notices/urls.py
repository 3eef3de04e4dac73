from django.urls import path

from iop_portal.notices.views import heard, portal, reach, texts

app_name = "notices"
urlpatterns = [
    path("notices/", portal.mine, name="mine"),
    path("notices/read/", portal.read, name="read"),
    path("reach/", reach.how, name="reach"),
    path("reach/texts/", texts.sign_up, name="sign_up"),
    path("reach/texts/code/", texts.code, name="code"),
    path("reach/texts/stop/", texts.stop, name="stop_texts"),
    path("texts/heard/", heard.heard, name="heard"),
]
