from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class NoticesConfig(AppConfig):
    name = "iop_portal.notices"
    label = "notices"

    def ready(self) -> None:
        # Its words need the models, which exist only now.
        import_module("iop_portal.notices.own_kinds")
        verbs.register(
            {
                "notice.sent": _("sent a message"),
                "notice.died": _("could not deliver a message"),
                "notice.retried": _("had a message sent again"),
                "notice.dropped": _("let a message go that could not be delivered"),
                "notice.read": _("read a message in the portal"),
                "reach.changed": _("changed how they are reached"),
                "reach.default_changed": _("changed how people are reached who have not said"),
                "texts.code_asked": _("asked for a code to their phone"),
                "texts.signed_up": _("signed up for text messages"),
                "texts.stopped": _("ended text messages"),
            }
        )
