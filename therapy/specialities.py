"""What clinicians know well and which languages they speak: the program's list, and what each of them says."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, save_edit, version_of
from iop_portal.writes import write
from therapy.models import Clinician, Language, Speciality


class SpecialityNameTaken(Refused):
    message = _("This is on the list already.")
    constraint = "specialities_of_a_program_have_names_of_their_own"


class UnknownLanguage(Refused):
    message = _("Choose languages from the list.")
    constraint = "a_clinician_speaks_known_languages"
    status = 400


class UnknownGender(Refused):
    message = _("Choose one of the answers, or say nothing.")
    constraint = "a_clinician_says_who_they_are_or_nothing"
    status = 400


class KnownElsewhere(Refused):
    message = _("Choose from the list of this program.")
    status = 400


class NotTheirsToSay(Refused):
    message = _("Only they themselves say this.")
    status = 400


# ── The program's list ────────────────────────────────────────────────────────────────────────────────────────


def speciality_version(speciality: Speciality) -> str:
    return version_of(speciality, ("name",))


@write
def add_speciality(program: Program, name: str, *, by: User, now: datetime) -> Speciality:
    speciality = Speciality.objects.create(program=program, name=name)
    trail.record("speciality.added", speciality, by=by, at=now)
    return speciality


@write
def rename_speciality(speciality: Speciality, name: str, *, seen: str, by: User, now: datetime) -> Speciality:
    """`seen` is the `speciality_version` that an admin had before them."""
    speciality, changed = save_edit(speciality, {"name": name}, seen=seen)
    if changed:
        trail.record("speciality.changed", speciality, by=by, at=now)
    return speciality


@write
def set_speciality_in_use(speciality: Speciality, in_use: bool, *, by: User, now: datetime) -> None:
    """Out of use nobody finds or looks for it any more; whoever has said that they know it need not say it again."""
    if Speciality.objects.filter(pk=speciality.pk, in_use=not in_use).update(in_use=in_use):
        trail.record("speciality.brought_back" if in_use else "speciality.retired", speciality, by=by, at=now)


# ── What somebody says ────────────────────────────────────────────────────────────────────────────────────────


def known_version(clinician: Clinician, programs: Collection[Program]) -> str:
    """Of languages, and of what somebody knows in these programs: in another it is another admin's."""
    known = sorted(speciality.pk for speciality in _known(clinician, programs))
    return ",".join([version_of(clinician, ("languages", "gender")), *map(str, known)])


def _known(clinician: Clinician, programs: Collection[Program]) -> set[Speciality]:
    """Without what is out of use: that is kept as it was said, for the day when it is put back."""
    return set(clinician.specialities.filter(program__in=programs, in_use=True))


@write
def change_known(
    clinician: Clinician,
    *,
    languages: Collection[str],
    specialities: Collection[Speciality],
    programs: Collection[Program],
    gender: str | None = None,
    seen: str,
    by: User,
    now: datetime,
) -> Clinician:
    """What they speak, and what they know well as far as these programs list it. Without `gender` that stays."""
    locked = Clinician.objects.select_for_update(no_key=True).get(pk=clinician.pk)
    if gender is not None and by.pk != locked.user_id:
        raise NotTheirsToSay
    if not {one.program_id for one in specialities} <= {program.pk for program in programs}:
        raise KnownElsewhere
    if known_version(locked, programs) != seen:
        raise ChangedMeanwhile
    # Each once, in the order of the list; what is not on it is left for the database to refuse.
    order = {code: place for place, code in enumerate(Language.values)}
    wanted = {
        "languages": sorted(set(languages), key=lambda code: (order.get(code, len(order)), code)),
        "gender": locked.gender if gender is None else gender,
    }
    changed = [name for name, value in wanted.items() if getattr(locked, name) != value]
    for name in changed:
        setattr(locked, name, wanted[name])
    locked.save(update_fields=changed or ["languages"])
    held, named = _known(locked, programs), set(specialities)
    locked.specialities.remove(*(held - named))
    locked.specialities.add(*(named - held))
    if changed or held != named:
        facts = {"added": len(named - held), "removed": len(held - named)}
        trail.record("clinician.knows", locked, by=by, at=now, facts=facts)
    return locked
