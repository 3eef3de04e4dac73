from importlib import import_module

from django.apps import AppConfig

from iop_portal import checks


class AccountsConfig(AppConfig):
    name = "iop_portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        checks.register_all()
        # Their words need the models, which exist only now.
        import_module("iop_portal.accounts.verbs")
        import_module("iop_portal.accounts.kinds")
