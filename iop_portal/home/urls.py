from django.urls import path

from iop_portal.home.views import help, landing

app_name = "home"
urlpatterns = [
    path("", landing.landing, name="landing"),
    path("help/", help.help_now, name="help"),
]
