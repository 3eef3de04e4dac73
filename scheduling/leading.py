"""Who may lead a session: somebody who works for the program on that day, and has a credential that is valid then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from iop_portal.markup import day_and_year
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from scheduling.models import Session
from therapy.models import Credential


class NobodyLeads(Refused):
    message = _("Choose at least one person who leads.")
    status = 400


class NotAClinicianHere(Refused):
    message = _("%(name)s does not work here as a clinician. Choose somebody else.")


class WithoutCredential(Refused):
    message = _("%(name)s has no credential on record. Enter one first, or choose somebody else.")


class CredentialEnds(Refused):
    message = _(
        "%(name)s’s last credential is valid until %(until)s, and the session is on %(on)s. "
        "Enter a newer one first, or choose somebody else."
    )


class InternshipEnds(Refused):
    message = _(
        "%(name)s is an intern until %(until)s, and the session is on %(on)s. "
        "Choose somebody else, or say first that the internship goes on."
    )


def check_leaders(leaders: Iterable[User], *, program: Program, on: date) -> None:
    """Whether they may lead on a day of the program. Raises the Refused that names whose credential ends when."""
    wanted = list(leaders)
    if not wanted:
        raise NobodyLeads
    here = set(User.objects.clinicians_of(program).filter(pk__in=_keys(wanted)).values_list("pk", flat=True))
    until = valid_until(wanted)
    for leader in wanted:
        if leader.pk not in here:
            raise NotAClinicianHere(name=leader.full_name)
        if leader.pk not in until:
            raise WithoutCredential(name=leader.full_name)
        if until[leader.pk] < on:
            raise CredentialEnds(name=leader.full_name, until=day_and_year(until[leader.pk]), on=day_and_year(on))
        if leader.intern_until and leader.intern_until < on:
            raise InternshipEnds(name=leader.full_name, until=day_and_year(leader.intern_until), on=day_and_year(on))


def valid_until(leaders: Iterable[User]) -> dict[int, date]:
    """The last day of anybody's last credential, by the key of who has one. One query."""
    held = Credential.objects.filter(clinician__user__in=_keys(leaders)).order_by()
    return dict(
        held.values("clinician__user").annotate(until=Max("expires_on")).values_list("clinician__user", "until")
    )


def led_with_credential(sessions: Iterable[int], *, zone: str) -> set[int]:
    """Which of these sessions (keys) somebody leads whose credential is valid on that day of the zone. One query."""
    held = Credential.objects.filter(
        clinician__user__facilitations__session=OuterRef("pk"), expires_on__gte=OuterRef("on")
    )
    day = TruncDate("during__startswith", tzinfo=ZoneInfo(zone))
    led = Session.objects.filter(pk__in=list(sessions)).annotate(on=day).filter(Exists(held))
    return set(led.values_list("pk", flat=True))


def _keys(people: Iterable[User]) -> list[int]:
    return [person.pk for person in people]
