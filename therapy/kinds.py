"""What therapy owes: messages that say that something waits, and nothing of it; and acts of people."""

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.followups import kinds as follow_ups
from iop_portal.notices import kinds
from iop_portal.notices.channels import Topic
from iop_portal.people.models import User
from therapy.conversations import CAME, CAME_TO_STAFF, UNANSWERED, still_unread
from therapy.models import Thread


def _thread(thread_id: int, reader: User) -> follow_ups.Place | None:
    """For those who may read it; an admin, to whom it may have gone on, finds out who should answer."""
    if not Thread.objects.kept_by_team(reader).filter(pk=thread_id).exists():
        return None
    return follow_ups.Place(_("Open the conversation"), reverse("therapy:thread", args=[thread_id]))


kinds.register(
    kinds.Kind(
        name=CAME,
        about="therapy.unread",
        template="message_came",
        subject=gettext_lazy("You have a message"),
        still_owed=still_unread,
        words=lambda stretch, to: {},
        waits=lambda stretch, morning: True,
        topic=Topic.APPOINTMENTS,
        line=lambda stretch: _("You have a message."),
        page=lambda stretch: reverse("therapy:thread", args=[stretch.thread_id]),
    ),
    kinds.Kind(
        name=CAME_TO_STAFF,
        about="therapy.unread",
        template="message_came",
        subject=gettext_lazy("You have a message"),
        still_owed=still_unread,
        words=lambda stretch, to: {},
        waits=lambda stretch, morning: True,
    ),
)

follow_ups.register(
    follow_ups.Kind(
        name=UNANSWERED,
        about="therapy.thread",
        title=gettext_lazy("Answer a message"),
        why=gettext_lazy(
            "A client has waited longer for an answer than they were told. Answer in the conversation, or call."
        ),
        due_in=timedelta(hours=2),
        place=_thread,
    ),
)
