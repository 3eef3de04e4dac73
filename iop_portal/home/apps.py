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
                "caseload.read": _("read the list of their clients"),
                "caseload.exported": _("took the list of their clients out as a file"),
                "client.opened": _("opened your record"),
                "shared.read": _("looked at what you share"),
            },
            to_others={
                "client.opened": _("opened a client’s record"),
                "shared.read": _("looked at what a client shares with them"),
            },
        )
