from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "iop_portal.demo"
    label = "demo"
