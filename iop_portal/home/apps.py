from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "iop_portal.home"
    label = "home"
