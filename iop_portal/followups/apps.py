from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs
from iop_portal.followups import kinds
from iop_portal.notices import kinds as notices

FOLLOW_UP = "followups.followup"


class FollowupsConfig(AppConfig):
    name = "iop_portal.followups"
    label = "followups"

    def ready(self) -> None:
        verbs.register(
            {
                "follow_up.owed": _("noted something to do for you"),
                "follow_up.acknowledged": _("took on something that is to be done for you"),
                "follow_up.snoozed": _("put off something that is to be done for you"),
                "follow_up.escalated": _("passed on something that is to be done for you"),
                "follow_up.handed_over": _("gave something that is to be done for you to somebody on duty"),
                "follow_up.resolved": _("did something that was to be done for you"),
                "follow_up.viewed": _("looked at something that is to be done for you"),
                "follow_ups.read": _("read the list of what they have to do"),
            },
            to_others={
                "follow_up.owed": _("noted something to do"),
                "follow_up.acknowledged": _("took on something that is to be done"),
                "follow_up.snoozed": _("put off something that is to be done"),
                "follow_up.escalated": _("passed on something that is to be done"),
                "follow_up.handed_over": _("gave something that is to be done to somebody on duty"),
                "follow_up.resolved": _("did something that was to be done"),
                "follow_up.viewed": _("looked at something that is to be done"),
            },
        )
        kinds.register(
            kinds.Kind(
                name="dead_letter",
                about="notices.notice",
                title=_("A message could not be delivered"),
                why=_("We tried several times, or the mail server refused the address. Somebody was counting on it."),
                due_in=timedelta(hours=8),
                page="office:message",
            )
        )
        notices.register(
            notices.Kind(
                name="follow_up_owed",
                about=FOLLOW_UP,
                template="follow_up_owed",
                subject=_("Something is waiting for you"),
                still_owed=lambda follow_up: follow_up.is_open and not follow_up.taken_on,
                words=lambda follow_up, to: {},
                essential=True,
                waits=lambda follow_up, morning: not follow_up.urgent and follow_up.due_at > morning,
            ),
            notices.Kind(
                name="follow_up_escalated",
                about=FOLLOW_UP,
                template="follow_up_escalated",
                subject=_("Something needs your attention"),
                still_owed=lambda follow_up: follow_up.is_open and not follow_up.taken_on,
                words=lambda follow_up, to: {},
                essential=True,
            ),
        )
