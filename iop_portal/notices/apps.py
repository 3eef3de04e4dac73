from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class NoticesConfig(AppConfig):
    name = "iop_portal.notices"
    label = "notices"

    def ready(self) -> None:
        verbs.register(
            {
                "notice.sent": _("sent a message"),
                "notice.died": _("could not deliver a message"),
                "notice.retried": _("had a message sent again"),
                "notice.dropped": _("let a message go that could not be delivered"),
            }
        )
