"""What therapy owes: messages that say that something waits, and nothing of it; and acts of people."""

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.followups import kinds as follow_ups
from iop_portal.notices import kinds
from iop_portal.notices.channels import Channel, Topic
from iop_portal.people.models import User
from therapy import alerts, asking, care_changes, counsellor_requests, first_contact, opportunities
from therapy.conversations import CAME, CAME_TO_STAFF, UNANSWERED, still_unread
from therapy.models import CounsellorRequest, Thread
from therapy.plan_drafting import TO_REVIEW, TO_SIGN


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
        to_client=gettext_lazy("Answer your message"),
    ),
)

kinds.register(
    kinds.Kind(
        name=asking.KIND,
        about="therapy.asking",
        template="questions_asked",
        subject=gettext_lazy("A few questions are waiting for you"),
        still_owed=asking.still_owed,
        words=lambda asked, to: {},
        waits=lambda asked, morning: True,
        # What people signed for text messages is about appointments alone.
        only=frozenset({Channel.MAIL, Channel.PORTAL}),
        line=lambda asked: _("A few questions are waiting for you."),
        page=lambda asked: reverse("therapy:measures"),
    ),
)

kinds.register(
    kinds.Kind(
        name=care_changes.CHANGED,
        about="therapy.prescription",
        template="care_changed",
        subject=gettext_lazy("Something has changed for you"),
        still_owed=care_changes.still_owed,
        words=lambda made, to: {},
        waits=lambda made, morning: True,
        only=frozenset({Channel.MAIL, Channel.PORTAL}),
        line=lambda made: _("Something has changed for you."),
        page=lambda made: reverse("therapy:my_care"),
    ),
)

follow_ups.register(
    *(
        follow_ups.Kind(
            name=name,
            about="therapy.alert",
            title=gettext_lazy("An answer that cannot wait"),
            why=why,
            # The program sets how soon; this holds where it has not.
            due_in=timedelta(minutes=15),
            page="therapy:alert",
            urgent=True,
        )
        for name, why in (
            (
                alerts.OF_COUNSELLOR,
                gettext_lazy(
                    "An answer to our questions asks that somebody speaks with this person now. It goes on every few "
                    "minutes until what was done is written down."
                ),
            ),
            (
                alerts.OF_WHO_IS_ON_CALL,
                gettext_lazy(
                    "An answer to our questions asks that somebody speaks with this person now. You have it because "
                    "you are on call, or because nobody is. It goes on until what was done is written down."
                ),
            ),
        )
    )
)

follow_ups.register(
    follow_ups.Kind(
        name=TO_SIGN,
        about="people.enrolment",
        title=gettext_lazy("A plan waits for your signature"),
        why=gettext_lazy("The client has signed the plan as it stands. Read it, and sign it or suggest a change."),
        due_in=timedelta(days=2),
        page="therapy:client_plan",
        to_client=gettext_lazy("Read your plan, and sign it or suggest a change"),
    ),
    follow_ups.Kind(
        name=TO_REVIEW,
        about="people.enrolment",
        title=gettext_lazy("Look at the plan together"),
        why=gettext_lazy(
            "Since somebody looked at the plan the phase changed, or the days that the program sets for it passed."
        ),
        due_in=timedelta(days=3),
        page="therapy:client_plan",
        to_client=gettext_lazy("Look at your plan with you"),
    ),
    follow_ups.Kind(
        name=opportunities.FOLLOW_UP,
        about="therapy.interest",
        title=gettext_lazy("Speak about work or learning"),
        why=gettext_lazy("A client would like to know more about something that is posted. Speak with them about it."),
        due_in=timedelta(days=3),
        page="therapy:interest",
        to_client=gettext_lazy("Speak with you about work or learning that interests you"),
    ),
    follow_ups.Kind(
        name=first_contact.FOLLOW_UP,
        about="therapy.firstcontact",
        title=gettext_lazy("Call somebody who asks for a first conversation"),
        why=gettext_lazy(
            "Somebody who does not belong to us yet asked to be called. Many who wait longer than a day do not come."
        ),
        due_in=timedelta(hours=24),
        page="office:first_contact",
    ),
)

kinds.register(
    kinds.Kind(
        name=counsellor_requests.ANSWERED,
        about="therapy.counsellorrequest",
        template="counsellor_request_answered",
        subject=gettext_lazy("There is an answer for you"),
        still_owed=lambda asked: asked.state in (CounsellorRequest.State.GRANTED, CounsellorRequest.State.DECLINED),
        words=lambda asked, to: {},
        waits=lambda asked, morning: True,
        only=frozenset({Channel.MAIL, Channel.PORTAL}),
        line=lambda asked: _("There is an answer for you."),
        page=lambda asked: reverse("therapy:counsellor", args=[asked.enrolment_id]),
    ),
    # To whoever is the counsellor now, and to whoever was: that their list has changed, and not why.
    kinds.Kind(
        name=counsellor_requests.TEAM_CHANGED,
        about="people.careteam",
        template="care_team_changed",
        subject=gettext_lazy("Your list has changed"),
        still_owed=lambda place: True,
        words=lambda place, to: {},
        waits=lambda place, morning: True,
    ),
)

follow_ups.register(
    follow_ups.Kind(
        name=counsellor_requests.FOLLOW_UP,
        about="therapy.counsellorrequest",
        title=gettext_lazy("Answer a wish for another counsellor"),
        why=gettext_lazy("A client asked for it and waits. Their care team does not know of it."),
        due_in=timedelta(days=2),
        page="office:counsellor_request",
    ),
)
