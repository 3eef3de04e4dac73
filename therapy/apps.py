from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register

from therapy import instruments, practices


class TherapyConfig(AppConfig):
    name = "therapy"

    def ready(self) -> None:
        register(instruments.check_files)
        register(practices.check_files)
        # They need the models, which exist only now.
        register(import_module("therapy.texts").check_files)
        # Their words need the models, which exist only now.
        import_module("therapy.verbs")
        import_module("therapy.kinds")
