from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class AccountsConfig(AppConfig):
    name = "iop_portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        verbs.register(
            {
                "program.opened": _("opened a program"),
                "program.changed": _("changed what a program is set to"),
            }
        )
