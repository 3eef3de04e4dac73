"""Breaking the glass: a clinician opens a record outside their care teams, in an emergency, and answers for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.utils.translation import gettext_lazy as _

from iop_portal.accounts.apart import are_apart, lock_pair
from iop_portal.audit import trail
from iop_portal.followups.acting import resolve_follow_ups_about
from iop_portal.followups.owing import owe_follow_up
from iop_portal.people.models import BrokenGlass, Enrolment, Program, RoleHeld, User
from iop_portal.people.roles import Role
from iop_portal.people.seeing import programs_of
from iop_portal.refusals import Refused
from iop_portal.writes import write

LASTS = timedelta(hours=4)
SHORTEST_REASON = 20


class NoSuchRecord(Refused):
    """Said alike where there is nobody, nobody of this program, or somebody kept apart."""

    message = _("There is no record that you can open for this e-mail address.")
    status = 404


class ReasonTooShort(Refused):
    message = _("Say in a sentence why you need this record now. At least 20 characters.")
    status = 400


class OnTheirTeam(Refused):
    message = _("You are on this client's care team. You can open their record without this.")


class GlassMended(Refused):
    message = _("This access has ended already.")


class NotYoursToEnd(Refused):
    message = _("Whoever opened the record ends this, or an admin of the program.")
    status = 403


class ReviewedAlready(Refused):
    message = _("This access has been reviewed already.")


class NotYoursToReview(Refused):
    message = _("Another admin of the program has to review this.")
    status = 403
    constraint = "nobody_reviews_their_own_broken_glass"


def client_by_address(email: str, *, clinician: User) -> User:
    """A client of a program where the clinician works. Raises NoSuchRecord, whatever the reason."""
    enrolled = Enrolment.objects.filter(program__in=programs_of(clinician, Role.CLINICIAN)).values("client")
    owner = EmailAddress.objects.filter(email=email.strip().lower(), verified=True).values("user")
    client: User | None = User.objects.filter(pk__in=enrolled).filter(pk__in=owner).exclude(pk=clinician.pk).first()
    if client is None or are_apart(client, clinician):
        raise NoSuchRecord
    return client


@write
def break_glass(client: User, *, reason: str, by: User, now: datetime) -> BrokenGlass:
    """Open a record for four hours. The client sees it in their trail, and an admin is owed a review."""
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise ReasonTooShort
    lock_pair(by, client)
    program = _shared_program(client, by)
    if program is None or client == by or are_apart(client, by):
        raise NoSuchRecord
    if User.objects.caseload_of(by).filter(pk=client.pk).exists():
        raise OnTheirTeam
    glass = BrokenGlass.objects.create(
        clinician=by, client=client, program=program, reason=reason, since=now, until=now + LASTS
    )
    reviewer = _reviewer(glass)
    trail.record("glass.broken", glass, client=client, by=by, at=now, facts={"review_owed": reviewer is not None})
    if reviewer is not None:
        owe_follow_up("glass_review", about=glass, program=program, owner=reviewer, by=by, now=now)
    return glass


@write
def end_glass(glass: BrokenGlass, *, by: User, now: datetime) -> BrokenGlass:
    """Before its time: by whoever opened the record and is done, or by an admin who looks into it."""
    glass = _locked(glass)
    if glass.clinician != by and not BrokenGlass.objects.reviewable_by(by).filter(pk=glass.pk).exists():
        raise NotYoursToEnd
    if not glass.open_at(now) or now == glass.since:
        raise GlassMended
    glass.until = now
    glass.save(update_fields=["until"])
    trail.record("glass.ended", glass, client=glass.client, by=by, at=now)
    return glass


@write
def review_glass(
    glass: BrokenGlass, *, by: User, finding: BrokenGlass.Finding, note: str, now: datetime
) -> BrokenGlass:
    """An admin of the program says whether it was needed. Nobody says so of their own."""
    glass = _locked(glass)
    if glass.clinician == by or not BrokenGlass.objects.reviewable_by(by).filter(pk=glass.pk).exists():
        raise NotYoursToReview
    if glass.reviewed_at is not None:
        raise ReviewedAlready
    glass.reviewed_at = now
    glass.reviewed_by = by
    glass.finding = finding
    glass.review_note = note
    glass.save(update_fields=["reviewed_at", "reviewed_by", "finding", "review_note"])
    trail.record("glass.reviewed", glass, client=glass.client, by=by, at=now, facts={"finding": finding})
    resolve_follow_ups_about(glass, kind="glass_review", outcome=finding, by=by, now=now)
    return glass


def _locked(glass: BrokenGlass) -> BrokenGlass:
    rows = BrokenGlass.objects.select_for_update(of=("self",)).select_related("client", "clinician")
    locked: BrokenGlass = rows.get(pk=glass.pk)
    return locked


def _shared_program(client: User, clinician: User) -> Program | None:
    """The program of the client's newest enrolment where the clinician works."""
    enrolment = (
        Enrolment.objects.filter(client=client, program__in=programs_of(clinician, Role.CLINICIAN))
        .select_related("program")
        .first()
    )
    return enrolment.program if enrolment else None


def _reviewer(glass: BrokenGlass) -> User | None:
    """Any other admin of the program. Without one the access stands in the list of those not reviewed."""
    held = (
        RoleHeld.objects.filter(program=glass.program, role=Role.ADMIN, user__is_active=True)
        .exclude(user=glass.clinician)
        .select_related("user")
        .order_by("pk")
        .first()
    )
    return held.user if held else None
