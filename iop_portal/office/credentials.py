"""The clinicians of a program with their credentials, as an admin has to see them: what ran out comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Prefetch, QuerySet

from iop_portal.people.models import Program
from therapy.models import Clinician, Credential, Modality

SOON = timedelta(days=60)


@dataclass(frozen=True)
class Held:
    credential: Credential
    expired: bool
    soon: bool


@dataclass(frozen=True)
class Profile:
    """A clinician without any valid credential takes no new sessions."""

    clinician: Clinician
    held: list[Held]
    gives: list[Modality]

    @property
    def may_practise(self) -> bool:
        return any(not one.expired for one in self.held)

    @property
    def expired(self) -> bool:
        return any(one.expired for one in self.held)

    @property
    def soon(self) -> bool:
        return any(one.soon for one in self.held)


def clinicians_in(program: Program) -> QuerySet[Clinician]:
    """Who works there and has been introduced, with credentials and what they lead there, for `in_words`."""
    here = Modality.objects.filter(program=program)
    return (
        Clinician.objects.working_in(Program.objects.filter(pk=program.pk))
        .select_related("user")
        .prefetch_related("credentials", Prefetch("gives", here, to_attr="gives_here"))
    )


def in_words(clinicians: Iterable[Clinician], *, today: date) -> list[Profile]:
    return [
        Profile(
            clinician=clinician,
            held=[_held(credential, today) for credential in clinician.credentials.all()],
            gives=clinician.gives_here,  # type: ignore[attr-defined]
        )
        for clinician in clinicians
    ]


def _held(credential: Credential, today: date) -> Held:
    valid = credential.valid_on(today)
    return Held(credential, expired=not valid, soon=valid and credential.expires_on - today <= SOON)
