"""Clinicians as clients find them: who they are, what they may practise and what they give."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, save_edit, version_of
from iop_portal.writes import write
from therapy.models import Clinician, Credential, Modality, Speciality

ODD_AFTER = timedelta(days=20 * 366)


class NotAClinicianHere(Refused):
    message = _("This person is not a clinician of the program. Give them the role first.")


class IntroducedAlready(Refused):
    message = _("This clinician has been introduced already.")
    constraint = "therapy_clinician_user_id_key"


class GivenElsewhere(Refused):
    message = _("Choose from what this program offers.")
    status = 400


class HeldAlready(Refused):
    message = _("This credential is on the list already. Change its date instead.")
    constraint = "a_credential_is_held_once"


class UnknownCredential(Refused):
    message = _("Choose the kind of credential from the list.")
    constraint = "a_credential_is_of_a_known_kind"
    status = 400


class UnknownState(Refused):
    message = _("Give the two letters of the state, such as NY.")
    constraint = "a_credential_is_of_a_state"
    status = 400


class OddDate(Refused):
    message = _("Look at the year again: a credential is valid for 20 years at most.")
    status = 400


class SupervisionNotWhole(Refused):
    message = _("Say both who supervises and until which day, or neither.")
    constraint = "an_intern_has_a_supervisor_and_a_last_day"
    status = 400


class CannotSupervise(Refused):
    message = _("Choose somebody who is introduced here, is no intern and is not the same person.")


@dataclass(frozen=True)
class CredentialDetails:
    kind: str
    state: str
    expires_on: date


CREDENTIAL_DETAILS = tuple(field.name for field in fields(CredentialDetails))


def profile_version(clinician: Clinician) -> str:
    return version_of(clinician, ("title", "about"))


def credential_version(credential: Credential) -> str:
    return version_of(credential, CREDENTIAL_DETAILS)


def gives_version(clinician: Clinician, program: Program) -> str:
    """Of what somebody gives in one program: in another it is another admin's."""
    given = clinician.gives.filter(program=program).order_by("pk").values_list("pk", flat=True)
    return ",".join(map(str, given))


# ── Who there is ──────────────────────────────────────────────────────────────────────────────────────────────


def clinicians_seen_by(user: User, *, today: date) -> QuerySet[Clinician]:
    """Each with `valid` credentials, with what they offer the reader (`offers`) and know well (`knows`). Four queries,
    however many there are."""
    known = Prefetch("specialities", Speciality.objects.visible_to(user), to_attr="knows")
    return Clinician.objects.visible_to(user).select_related("user").prefetch_related(*_shown_to(user, today), known)


def clinicians_giving(modality: Modality, *, to: User, today: date) -> QuerySet[Clinician]:
    """Whom somebody may meet for it: at work in its program, and with a credential that is valid today."""
    return (
        Clinician.objects.visible_to(to)
        .working_in(Program.objects.filter(pk=modality.program_id))
        .qualified_on(today)
        .filter(gives=modality)
        .select_related("user")
        .prefetch_related(*_shown_to(to, today))
    )


def _shown_to(user: User, today: date) -> tuple[Prefetch[str], ...]:
    return (
        Prefetch("credentials", Credential.objects.valid_on(today), to_attr="valid"),
        Prefetch("gives", Modality.objects.visible_to(user), to_attr="offers"),
    )


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────────


@write
def introduce_clinician(user: User, *, program: Program, title: str, about: str, by: User, now: datetime) -> Clinician:
    """From now on clients of the program find them."""
    if not User.objects.clinicians_of(program).filter(pk=user.pk).exists():
        raise NotAClinicianHere
    clinician = Clinician.objects.create(user=user, title=title, about=about)
    trail.record("clinician.introduced", clinician, by=by, at=now)
    return clinician


@write
def change_profile(
    clinician: Clinician, *, title: str | None = None, about: str, seen: str, by: User, now: datetime
) -> Clinician:
    """Save title and words. A clinician changes their own words; the title is the office's to give."""
    wanted = {"title": clinician.title if title is None else title, "about": about}
    clinician, changed = save_edit(clinician, wanted, seen=seen)
    if changed:
        trail.record("clinician.changed", clinician, by=by, at=now, facts={"fields": ", ".join(changed)})
    return clinician


@write
def set_supervision(
    clinician: Clinician, *, supervisor: User | None, until: date | None, by: User, now: datetime
) -> Clinician:
    """Make somebody an intern until a day, with whoever co-signs their notes; without either, an intern no more."""
    locked = _locked(clinician)
    if (supervisor is None) != (until is None):
        raise SupervisionNotWhole
    if supervisor is not None and (
        supervisor.pk == locked.user_id
        or not Clinician.objects.filter(user=supervisor, supervisor=None).exists()
        or locked.user.interns.exists()
    ):
        raise CannotSupervise
    locked.supervisor, locked.intern_until = supervisor, until
    locked.save(update_fields=["supervisor", "intern_until"])
    trail.record("clinician.supervised", locked, by=by, at=now)
    return locked


@write
def change_what_is_given(
    clinician: Clinician, modalities: Collection[Modality], *, program: Program, seen: str, by: User, now: datetime
) -> None:
    """What they give in one program. What they give in another stays as it is."""
    locked = _locked(clinician)
    if any(modality.program_id != program.pk for modality in modalities):
        raise GivenElsewhere
    if gives_version(locked, program) != seen:
        raise ChangedMeanwhile
    given = set(locked.gives.filter(program=program))
    wanted = set(modalities)
    if given == wanted:
        return
    locked.gives.remove(*(given - wanted))
    locked.gives.add(*(wanted - given))
    facts = {"added": len(wanted - given), "removed": len(given - wanted)}
    trail.record("clinician.gives", locked, by=by, at=now, facts=facts)


# ── Credentials ───────────────────────────────────────────────────────────────────────────────────────────────


@write
def add_credential(clinician: Clinician, details: CredentialDetails, *, by: User, now: datetime) -> Credential:
    _check_year(details.expires_on, now)
    credential = Credential.objects.create(clinician=clinician, **asdict(details))
    trail.record("credential.added", credential, by=by, at=now, facts={"kind": details.kind})
    return credential


@write
def change_credential(
    credential: Credential, details: CredentialDetails, *, seen: str, by: User, now: datetime
) -> Credential:
    """Save what an admin changed. `seen` is the `credential_version` that they had before them."""
    _check_year(details.expires_on, now)
    credential, changed = save_edit(credential, asdict(details), seen=seen)
    if changed:
        trail.record("credential.changed", credential, by=by, at=now, facts={"fields": ", ".join(changed)})
    return credential


@write
def end_credential(credential: Credential, *, by: User, now: datetime) -> Credential:
    """It held until yesterday. The row stays, since sessions were led on it."""
    locked = Credential.objects.select_for_update(no_key=True).select_related("clinician__user").get(pk=credential.pk)
    yesterday = ended_on(locked, now=now)
    if locked.expires_on > yesterday:
        locked.expires_on = yesterday
        locked.save(update_fields=["expires_on"])
        trail.record("credential.ended", locked, by=by, at=now)
    return locked


def ended_on(credential: Credential, *, now: datetime) -> date:
    """The last day of one that is ended now: yesterday, where its clinician is."""
    return now.astimezone(ZoneInfo(credential.clinician.user.zone)).date() - timedelta(days=1)


def _check_year(expires_on: date, now: datetime) -> None:
    if abs(expires_on - now.date()) > ODD_AFTER:
        raise OddDate


def _locked(clinician: Clinician) -> Clinician:
    return Clinician.objects.select_for_update(no_key=True).get(pk=clinician.pk)
