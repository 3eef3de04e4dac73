from django.apps import AppConfig


class RelapseConfig(AppConfig):
    name = "relapse"
