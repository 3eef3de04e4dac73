from importlib import import_module

from django.apps import AppConfig


class TherapyConfig(AppConfig):
    name = "therapy"

    def ready(self) -> None:
        # Its words need the models of the trail, which exist only now.
        import_module("therapy.verbs")
