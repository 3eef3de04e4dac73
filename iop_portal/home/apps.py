from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class HomeConfig(AppConfig):
    name = "iop_portal.home"
    label = "home"

    def ready(self) -> None:
        # Kinds need the models, which exist only now.
        import_module("iop_portal.home.kinds")
        verbs.register(
            {
                "caseload.read": _("read a list of clients"),
                "client.opened": _("opened your record"),
                "shared.read": _("looked at what you share"),
            }
        )
