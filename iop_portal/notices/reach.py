"""How somebody is reached: by which channels, how long before, in which hours not. The office sets what is presumed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, time

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.audit import trail
from iop_portal.markup import clock
from iop_portal.notices.channels import Channel, Topic
from iop_portal.notices.models import Reach, ReachDefault, TextOptIn
from iop_portal.notices.models.reach import Wishes, lead_in_words
from iop_portal.notices.quiet import OwnHours, Quiet
from iop_portal.people.models import Program, User
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from iop_portal.versions import ChangedMeanwhile, version_of
from iop_portal.writes import write

IN_WORDS = {
    Channel.MAIL: gettext_lazy("by e-mail"),
    Channel.TEXT: gettext_lazy("by text message"),
    Channel.PORTAL: gettext_lazy("here in the portal"),
}
# Whether messages tell the place, too.
DETAIL = {
    False: gettext_lazy("That there is an appointment, and when"),
    True: gettext_lazy("That there is an appointment, when and where"),
}
# Whoever is booked into something.
REACHED = (Role.CLIENT, Role.APPLICANT, Role.ALUM, Role.FAMILY)


class UnknownChannel(Refused):
    message = gettext_lazy("Choose from the ways that are offered.")
    constraint = "reach_wishes_channels_that_there_are"
    status = 400


class TooManyLeads(Refused):
    message = gettext_lazy("Choose up to three times before an appointment.")
    constraint = "reach_wishes_at_most_three_of_the_leads"
    status = 400


class UnknownDefaultChannel(UnknownChannel):
    constraint = "reachdefault_wishes_channels_that_there_are"


class TooManyDefaultLeads(TooManyLeads):
    constraint = "reachdefault_wishes_at_most_three_of_the_leads"


class QuietHoursNotWhole(Refused):
    message = gettext_lazy("Say from when until when you want no messages. The two have to differ.")
    constraint = "own_quiet_hours_are_whole_and_have_a_length"
    status = 400


# ── What holds ────────────────────────────────────────────────────────────────────────────────────────────────


def texts_are_on() -> bool:
    """Whether anybody carries text messages for this portal."""
    return bool(settings.TEXT_BACKEND)


def reach_of(person: User) -> Reach | None:
    return Reach.objects.filter(person=person).first()


def default_of(program: Program | None) -> ReachDefault:
    """What a program presumes: until somebody changes it, without a row."""
    found = ReachDefault.objects.filter(program=program).first() if program else None
    return found or (ReachDefault(program=program) if program else ReachDefault())


def may_be_texted(person: User | OuterRef) -> Exists:
    """In a queryset: whether a live opt-in of theirs is there."""
    return Exists(TextOptIn.objects.live().filter(person=person))


def channels(wishes: Wishes, topic: Topic, *, mail_ok: bool, texted: bool) -> frozenset[Channel]:
    """Of what somebody wishes, what is possible. That an appointment changed is told somewhere in any case."""
    possible = {Channel.MAIL: mail_ok, Channel.TEXT: texted and texts_are_on(), Channel.PORTAL: True}
    left = frozenset(each for each in wishes.by(topic) if possible[each])
    return left or (frozenset({Channel.PORTAL}) if topic == Topic.APPOINTMENTS else left)


def channels_for(person: User, topic: Topic, *, program: Callable[[], Program | None]) -> frozenset[Channel]:
    """By what somebody is told. The program is asked for where they never said."""
    wishes = reach_of(person) or default_of(program())
    texted = Channel.TEXT in wishes.by(topic) and TextOptIn.objects.live().filter(person=person).exists()
    return channels(wishes, topic, mail_ok=person.mail_ok, texted=texted)


def quiet_hours(reach: Reach | None, *, person: User, program: Program | None) -> Quiet | None:
    """A person's own, by their own clock; else those of the program, by its."""
    if reach and reach.quiet_from and reach.quiet_until:
        return OwnHours(reach.quiet_from, reach.quiet_until, person.zone)
    return program


@dataclass(frozen=True)
class Reached:
    """How somebody is reached, in words. `reminders` is empty where none come."""

    changes: str
    reminders: str
    detail: str
    quiet: str


def reached(person: User, program: Program | None) -> Reached:
    """Two queries at most for what they said, or what is presumed of them, and whether they get texts."""
    wishes = reach_of(person) or default_of(program)
    own = wishes if isinstance(wishes, Reach) else None
    texted = TextOptIn.objects.live().filter(person=person).exists()

    def by(topic: Topic) -> str:
        found = channels(wishes, topic, mail_ok=person.mail_ok, texted=texted)
        return get_text_list([str(IN_WORDS[each]) for each in Channel if each in found], str(_("and")))

    leads = get_text_list([lead_in_words(minutes) for minutes in wishes.leads], str(_("and")))
    reminders = by(Topic.REMINDERS) if leads else ""
    return Reached(
        changes=capfirst(by(Topic.APPOINTMENTS)),
        reminders=capfirst(f"{reminders}, {leads}") if reminders else "",
        detail=str(DETAIL[bool(own and own.tells_place)]),
        quiet=hours_of_their_own(own) if own and own.quiet_from else night_of(program),
    )


def night_of(program: Program | None) -> str:
    """A program's quiet hours, in words."""
    if program is None:
        return _("At night")
    hours = {"from": clock(program.quiet_from), "until": clock(program.quiet_until)}
    return _("At night, from %(from)s until %(until)s") % hours


def hours_of_their_own(reach: Reach) -> str:
    hours = {"from": clock(reach.quiet_from), "until": clock(reach.quiet_until)}
    return _("From %(from)s until %(until)s, your own hours") % hours


# ── What somebody says ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Wanted:
    appointments_by: list[str]
    reminders_by: list[str]
    leads: list[int]
    quiet_from: time | None = None
    quiet_until: time | None = None
    tells_place: bool = False


WANTED = tuple(field.name for field in fields(Wanted))


@write
def set_reach(person: User, wanted: Wanted, *, now: datetime) -> Reach:
    """Whoever asks for mail gets it, whatever they had said in their settings."""
    person = User.objects.lock_no_key(person.pk)
    reach = reach_of(person) or Reach(person=person)
    values = asdict(wanted)
    changed = [name for name in WANTED if reach.pk is None or getattr(reach, name) != values[name]]
    for name in changed:
        setattr(reach, name, values[name])
    if changed:
        reach.save()
        facts = {"fields": ", ".join(changed)}
        trail.record("reach.changed", reach, client=person, by=person, at=now, facts=facts)
    if not person.mail_ok and Channel.MAIL in {*wanted.appointments_by, *wanted.reminders_by}:
        person.mail_ok = True
        person.save(update_fields=["mail_ok"])
    return reach


def add_channel(person: User, channel: Channel, *, program: Program | None) -> None:
    """From now on both topics come by one channel more."""
    reach = reach_of(person)
    if reach is None:
        presumed = default_of(program)
        reach = Reach(
            person=person,
            appointments_by=presumed.appointments_by,
            reminders_by=presumed.reminders_by,
            leads=presumed.leads,
        )
    reach.appointments_by = _with(reach.appointments_by, channel)
    reach.reminders_by = _with(reach.reminders_by, channel)
    reach.save()


def _with(wished: Collection[str], channel: Channel) -> list[str]:
    return [each.value for each in Channel if each in wished or each == channel]


# ── What the office presumes ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Presumed:
    appointments_by: list[str]
    reminders_by: list[str]
    leads: list[int]


PRESUMED = tuple(field.name for field in fields(Presumed))


def default_version(default: ReachDefault) -> str:
    return version_of(default, PRESUMED)


@write
def change_default(program: Program, presumed: Presumed, *, seen: str, by: User, now: datetime) -> ReachDefault:
    """`seen` is the `default_version` that the admin had before them. The row may not exist: the program is locked."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    default = default_of(program)
    if default_version(default) != seen:
        raise ChangedMeanwhile
    values = asdict(presumed)
    changed = [name for name in PRESUMED if getattr(default, name) != values[name]]
    if changed:
        for name in changed:
            setattr(default, name, values[name])
        default.save()
        trail.record("reach.default_changed", default, by=by, at=now, facts={"fields": ", ".join(changed)})
    return default


def ordered(wished: Iterable[str]) -> list[str]:
    """In the order in which channels are always named, so that two of the same are equal."""
    given = set(wished)
    return [each.value for each in Channel if each.value in given]
