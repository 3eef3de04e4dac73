from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class FollowupsConfig(AppConfig):
    name = "iop_portal.followups"
    label = "followups"

    def ready(self) -> None:
        verbs.register(
            {
                "follow_up.owed": _("noted something to do for you"),
                "follow_up.resolved": _("did something that was to be done for you"),
            }
        )
