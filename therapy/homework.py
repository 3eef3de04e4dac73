"""What somebody practises between sessions: given or picked, done or not this time. Nobody counts days in a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.models import Homework, LibraryText, Skill
from therapy.models.homework import HomeworkQuerySet
from therapy.practices import Practice, practices
from therapy.prescribing import enrolments_cared_for

SHOWN = 12

What = Skill | Practice | LibraryText
"""What can be given: of the program's skills and texts, and of the bundled practices."""
Things = Mapping[str, Mapping[str, What]]


class NotInProgram(Refused):
    message = _("Something to practise is for people who are in the program.")
    constraint = "homework_is_for_who_is_admitted"


class NotTaught(Refused):
    message = _("This is not on the program’s list at present. Choose another one.")
    status = 400


class DayHasPassed(Refused):
    message = _("Choose a day that has not passed.")
    status = 400


class OpenAlready(Refused):
    message = _("This is on the list of things to practise already.")
    constraint = "a_skill_is_open_once_for_somebody"


class EndedAlready(Refused):
    message = _("You have answered this already.")
    constraint = "homework_stays_as_it_was_given"


class NotTheirs(Refused):
    message = _("Only the client and their care team put something on this list.")
    status = 403


def practice_of(client: User) -> HomeworkQuerySet:
    """Their own, with what it is and who gave it."""
    own: HomeworkQuerySet = Homework.objects.filter(enrolment__client=client)
    return own.select_related("skill", "text", "given_by", "enrolment__program")


def waiting_for(client: User) -> list[Homework]:
    """What waits to be practised, by the day that it is for, then by when it was given."""
    return sorted(practice_of(client).open(), key=lambda one: (one.due_on or date.max, one.begun_at, one.pk))


def things_to_give(program: Program) -> Things:
    """By kind, each by a key of its own."""
    return {
        str(_("Skills")): {f"skill-{one.pk}": one for one in Skill.objects.filter(program=program, in_use=True)},
        str(_("Quiet minutes")): {f"practice-{one.code}": one for one in practices().values()},
        str(_("To read")): {f"text-{one.pk}": one for one in LibraryText.objects.filter(program=program, in_use=True)},
    }


def counts_of(enrolments: Collection[int]) -> dict[int, tuple[int, int]]:
    """By enrolment: how many are open, and of how many done ones the reflection is shared. One query."""
    counted = (
        Homework.objects.filter(enrolment__in=enrolments)
        .order_by()
        .values_list("enrolment")
        .annotate(open=Count("pk", filter=Q(state="open")), shared=Count("pk", filter=Q(shared=True)))
    )
    return {key: (open_, shared) for key, open_, shared in counted}


def shared_by(client: User) -> tuple[int, int]:
    """Of how many done ones their care team may read what they wrote, and how many are done. One query."""
    done = Homework.objects.filter(enrolment__client=client, state=Homework.State.DONE).order_by()
    found = done.aggregate(shared=Count("pk", filter=Q(shared=True)), every=Count("pk"))
    return found["shared"], found["every"]


def read_homework(enrolment: Enrolment, *, by: User, now: datetime) -> list[Homework]:
    """For the care team, the newest first. A reflection that is not shared is not in it; reading is written down."""
    found = list(Homework.objects.filter(enrolment=enrolment).select_related("skill", "text", "given_by")[:SHOWN])
    for one in found:
        one.reflection = one.reflection if one.shared else ""
    trail.record("homework.read", enrolment, client=enrolment.client, by=by, at=now, facts={"count": len(found)})
    return found


@write
def give_homework(
    enrolment: Enrolment, what: What, *, due_on: date | None = None, words: str = "", by: User, now: datetime
) -> Homework:
    """By somebody of the care team, or picked by the client."""
    held = Enrolment.objects.select_for_update(no_key=True, of=("self",)).select_related("client", "program")
    locked: Enrolment = held.get(pk=enrolment.pk)
    picked = locked.client_id == by.pk
    if locked.state != Enrolment.State.ADMITTED:
        raise NotInProgram
    if not picked and not enrolments_cared_for(by).filter(pk=locked.pk).exists():
        raise NotTheirs
    if isinstance(what, Skill | LibraryText) and (what.program_id != locked.program_id or not what.in_use):
        raise NotTaught
    if due_on and due_on < now.astimezone(ZoneInfo(locked.client.zone)).date():
        raise DayHasPassed
    thing = _thing(what)
    if Homework.objects.open().filter(enrolment=locked, **thing).exists():
        raise OpenAlready
    made = Homework.objects.create(
        enrolment=locked,
        **thing,
        given_by=None if picked else by,
        begun_at=now,
        due_on=due_on,
        words="" if picked else words.strip(),
    )
    verb = "homework.picked" if picked else "homework.given"
    trail.record(verb, made, client=locked.client, by=by, at=now)
    return made


@write
def practised(homework: Homework, *, reflection: str, shared: bool, by: User, now: datetime) -> None:
    """Done; or what was said of it is changed, or shared, or not any more. The client's alone to say."""
    held = _own(homework, by)
    if held.state == Homework.State.NOT_NOW:
        raise EndedAlready
    held.state, held.ended_at = Homework.State.DONE, held.ended_at or now
    held.reflection, held.shared = reflection.strip(), shared and bool(reflection.strip())
    held.save(update_fields=["state", "ended_at", "reflection", "shared"])
    trail.record("homework.done", held, client=by, by=by, at=now)


@write
def not_this_time(homework: Homework, *, by: User, now: datetime) -> None:
    """A fair answer, for which no reason is asked."""
    held = _own(homework, by)
    if not held.is_open:
        raise EndedAlready
    held.state, held.ended_at = Homework.State.NOT_NOW, now
    held.save(update_fields=["state", "ended_at"])
    trail.record("homework.left", held, client=by, by=by, at=now)


def _thing(what: What) -> dict[str, Skill | LibraryText | str]:
    """The column that it stands in."""
    if isinstance(what, Skill):
        return {"skill": what}
    return {"text": what} if isinstance(what, LibraryText) else {"practice": what.code}


def _own(homework: Homework, by: User) -> Homework:
    own = Homework.objects.select_for_update(of=("self",)).filter(enrolment__client=by, pk=homework.pk).first()
    if own is None:
        raise NotTheirs
    return own
