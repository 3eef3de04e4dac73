from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "iop_portal.consents"
    label = "consents"
