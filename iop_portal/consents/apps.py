from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class ConsentsConfig(AppConfig):
    name = "iop_portal.consents"
    label = "consents"

    def ready(self) -> None:
        verbs.register(
            {
                "consent.signed": _("gave a permission"),
                "consent.withdrawn": _("withdrew a permission"),
                "consent.disclosed": _("wrote down that somebody was told what you permit"),
                "consent.read": _("read a permission that you gave"),
            },
            to_others={
                "consent.disclosed": _("wrote down that somebody was told what a client permits"),
                "consent.read": _("read a permission that a client gave"),
            },
        )
