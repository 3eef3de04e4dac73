from importlib import import_module

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        # Their words need the models, which exist only now.
        import_module("scheduling.verbs")
        import_module("scheduling.kinds")
