"""What a client, an applicant or an alum finds on their first page. Only what is true: nothing is made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from iop_portal.consents.models import Consent
from iop_portal.people.models import CareTeam, Enrolment, User


@dataclass(frozen=True)
class Suggestion:
    """Something one could do, and where."""

    title: str
    text: str
    url: str
    verb: str
    about: str = ""
    tag: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Helper:
    """Somebody of the care team."""

    name: str
    part: str | Promise


def greeting(user: User, now: datetime) -> str:
    """By the time of day where the person is. At night it is a plain hello."""
    words = {"name": user.preferred_name}
    match now.astimezone(ZoneInfo(user.zone)).hour:
        case hour if 5 <= hour < 12:
            return _("Good morning, %(name)s") % words
        case hour if 12 <= hour < 18:
            return _("Good afternoon, %(name)s") % words
        case hour if 18 <= hour < 23:
            return _("Good evening, %(name)s") % words
    return _("Hello, %(name)s") % words


def care_team_of(client: User) -> list[Helper]:
    """Who looks after a client now, the primary counsellor first."""
    places = CareTeam.objects.filter(enrolment__client=client, enrolment__state__in=Enrolment.LIVE, until=None)
    return [
        Helper(place.clinician.full_name, " · ".join(filter(None, (_part(place), place.clinician.pronouns))))
        for place in places.select_related("clinician")
    ]


def suggestions_for(client: User) -> list[Suggestion]:
    """What waits for a client. None of it is urgent."""
    found = []
    if not client.phone:
        found.append(
            Suggestion(
                _("Tell us your phone number"),
                _("So that we reach you if something changes. You say whether we may leave a message."),
                reverse("accounts:settings"),
                _("Add"),
                _("your phone number"),
            )
        )
    if not Authenticator.objects.filter(user=client).exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
        found.append(
            Suggestion(
                _("Make your account safer"),
                _("With a passkey or an app on your phone, nobody else gets in."),
                reverse("mfa_index"),
                _("See how"),
                _("to make your account safer"),
            )
        )
    if not Consent.objects.filter(client=client).exists():
        found.append(
            Suggestion(
                _("Decide who may know what"),
                _("Nobody is told anything until you say so."),
                reverse("home:choices"),
                _("Look"),
                _("at who may know what"),
            )
        )
    return found


def _part(place: CareTeam) -> str:
    return _("Your primary counsellor") if place.part == CareTeam.Part.PRIMARY else _("On your care team")
