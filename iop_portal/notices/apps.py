from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "iop_portal.notices"
    label = "notices"
