from django.urls import path

from iop_portal.home.views import landing

app_name = "home"
urlpatterns = [
    path("", landing.landing, name="landing"),
]
