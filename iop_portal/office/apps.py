from django.apps import AppConfig


class OfficeConfig(AppConfig):
    name = "iop_portal.office"
    label = "office"
