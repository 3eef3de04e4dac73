from importlib import import_module

from django.apps import AppConfig


class TherapyConfig(AppConfig):
    name = "therapy"

    def ready(self) -> None:
        # Their words need the models, which exist only now.
        import_module("therapy.verbs")
        import_module("therapy.kinds")
