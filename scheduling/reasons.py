"""Why a planned week is as it is, and what would have to be otherwise: in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from iop_portal.markup import day_clock, hours_read
from scheduling.commitments import overlaps
from scheduling.finding import SeatTime
from scheduling.models import Firmness
from scheduling.planner import WayOut
from scheduling.planning import Open, Proposal, Suggested, firmness_of, known
from scheduling.wanted_week import MINUTE, NEEDS, Rule, Slot, waiting_of
from therapy.models import FAMILIES, Format, PlanShare
from therapy.plan_texts import a_week

# In minutes. What is further away has nothing to do with it.
CLOSE_BY = 120
# A break between two sessions is no wait.
BREAK = 30
# Sessions that could not be had: more of them would hide the rest.
FEW = 3

CLASHING = {
    Rule.COMMITMENTS: gettext_lazy("never over what you keep free"),
    Rule.PARTS: gettext_lazy("always at the times of day that you chose"),
    Rule.WEEKDAYS: gettext_lazy("always on the days that you chose"),
    Rule.TRAVEL: gettext_lazy("never more days of travel than you said"),
    Rule.PEOPLE: gettext_lazy("always with people you know"),
    Rule.GAPS: gettext_lazy("never an hour of waiting in between"),
    Rule.HOURS: gettext_lazy("all the hours that are planned for you"),
    Rule.DAYS: gettext_lazy("all the days that are planned for you"),
}


# ── Why this session ──────────────────────────────────────────────────────────────────────────────────────────


def why(one: Suggested, proposal: Proposal) -> str:
    """Half an hour after work. With Amara, whom you know. Two places left."""
    return " ".join(_why(one, proposal))


def _why(one: Suggested, proposal: Proposal) -> Iterator[str]:
    if one.kept:
        yield _("You chose this.")
    beside = _beside(one.time, proposal)
    if beside:
        yield beside
    if known(one.time, proposal.habits):
        yield _("With %(names)s, whom you know.") % {"names": one.time.who}
    if not one.slot.travels:
        yield _("From home.")
    elif one.slot.day in _days_out(proposal.booked):
        yield _("You are here on that day anyway.")
    elif one.slot.day in _days_out(other.slot for other in proposal.suggested if other.key != one.key):
        yield _("One trip for two sessions.")
    for rule in (Rule.WEEKDAYS, Rule.PARTS):
        if rule in one.slot.against and firmness_of(proposal.wishes, rule) != Firmness.NO_MATTER:
            yield _outside(rule)
    if Rule.COMMITMENTS in one.slot.against:
        yield _overlapping(one.time, proposal)
    if isinstance(one.time, SeatTime):
        left = one.time.seats_left
        yield ngettext("%(count)d place left.", "%(count)d places left.", left) % {"count": left}


def _days_out(slots: Iterable[Slot]) -> set[date]:
    return {slot.day for slot in slots if slot.travels}


def why_not(key: str, proposal: Proposal) -> str:
    """What one would have to put up with, were this in the week."""
    slot, time = proposal.slots[key], proposal.times[key]
    said = [_outside(rule) for rule in (Rule.WEEKDAYS, Rule.PARTS) if rule in slot.against]
    if Rule.COMMITMENTS in slot.against:
        said.append(_overlapping(time, proposal))
    return " ".join(said)


def _overlapping(time: Open, proposal: Proposal) -> str:
    words = get_text_list(list(dict.fromkeys(busy.word for busy in proposal.busy_over(time))), _("and"))
    return _("It overlaps %(what)s, or the way there.") % {"what": words}


def _outside(rule: Rule) -> str:
    if rule == Rule.WEEKDAYS:
        return _("It is not on one of the days that you wish for.")
    return _("It is not at a time of day that you wish for.")


def _beside(time: Open, proposal: Proposal) -> str:
    """After or before what the person keeps free, where that is close by."""
    before = [(time.begins - busy.ends) // MINUTE for busy in proposal.busy if busy.ends <= time.begins]
    if before and min(before) <= CLOSE_BY:
        word = next(busy.word for busy in proposal.busy if (time.begins - busy.ends) // MINUTE == min(before))
        return _after(min(before), word)
    after = [(busy.begins - time.ends) // MINUTE for busy in proposal.busy if busy.begins >= time.ends]
    if after and min(after) <= CLOSE_BY:
        word = next(busy.word for busy in proposal.busy if (busy.begins - time.ends) // MINUTE == min(after))
        return _("Over before %(what)s.") % {"what": word}
    return ""


def _after(minutes: int, word: str) -> str:
    named = {0: _("Right after %(what)s."), 30: _("Half an hour after %(what)s."), 60: _("An hour after %(what)s.")}
    words = {"what": word, "count": minutes}
    if minutes in named:
        return named[minutes] % words
    return ngettext("%(count)d minute after %(what)s.", "%(count)d minutes after %(what)s.", minutes) % words


# ── Why this week ─────────────────────────────────────────────────────────────────────────────────────────────


def reasons(proposal: Proposal) -> list[str]:
    """Of what was needed and wished for, what this week keeps."""
    return list(_reasons(proposal))


def _reasons(proposal: Proposal) -> Iterator[str]:
    care = proposal.care_then
    if not care.open and len(care.days) >= care.wanted_days:
        yield _amount(proposal)
    chosen, wishes = proposal.suggested, proposal.wishes
    if not chosen:
        return
    broken = {rule for one in chosen for rule in one.slot.against}
    wished = {rule for rule in Rule if rule in CLASHING and rule not in NEEDS}
    wished = {rule for rule in wished if firmness_of(wishes, rule) != Firmness.NO_MATTER} - broken
    if Rule.COMMITMENTS in wished and proposal.busy:
        words = list(dict.fromkeys(busy.word for busy in proposal.busy))
        yield _("%(what)s: all of that stays yours.") % {"what": capfirst(get_text_list(words, _("and")))}
    if Rule.WEEKDAYS in wished:
        yield _("Only on the days that you wish for.")
    if Rule.PARTS in wished:
        yield _("Only at the times of day that you wish for.")
    if Rule.PEOPLE in wished:
        yield _("Only with people you know.")
    if any(one.time.modality.format == Format.INDIVIDUAL for one in chosen):
        yield _("Time one to one with a counsellor, as you wish.")
    if Rule.TRAVEL in wished:
        days = proposal.plan.travel_days
        yield ngettext("You travel to us on %(count)d day.", "You travel to us on %(count)d days.", days) % {
            "count": days
        }
    if proposal.mix and not any(True for _left in _mix(proposal)):
        yield _("Made up as your care plan says.")
    if Rule.GAPS in wished and proposal.plan.waiting - waiting_of(proposal.booked) <= BREAK:
        yield _("No long waits between two sessions.")


def _amount(proposal: Proposal) -> str:
    care = proposal.care_then
    return _("%(hours)s hours on %(days)s days. You need %(wanted)s on %(wanted_days)s.") % {
        "hours": care.hours,
        "days": len(care.days),
        "wanted": care.wanted_hours,
        "wanted_days": care.wanted_days,
    }


# ── What did not fit ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Left:
    """Something that is not in the week, and why or what would bring it in."""

    what: str
    text: str
    # The session in whose line they could wait.
    full: int | None = None


def left_out(proposal: Proposal) -> list[Left]:
    return [
        *_missing(proposal),
        *_ways_out(proposal),
        *_mix(proposal),
        *_not_kept(proposal),
        *_full(proposal),
    ]


def clash(proposal: Proposal) -> list[str]:
    """The rules that cannot be kept together, so that without any one of them the others can."""
    return [str(CLASHING[rule]) for rule in proposal.plan.clash if rule in CLASHING]


def _missing(proposal: Proposal) -> Iterator[Left]:
    care = proposal.care_then
    if care.open:
        what = _("%(amount)s more.") % {"amount": care.open_words}
        if set(proposal.plan.clash) <= NEEDS:
            yield Left(what, _("Not enough times are open in this week. Look again tomorrow, or call us."))
        else:
            yield Left(what, _("Nothing else fits with all that you wish for."))


def _ways_out(proposal: Proposal) -> Iterator[Left]:
    for way in proposal.plan.ways_out:
        yield Left(_if(way, proposal), _then(way, proposal))


def _if(way: WayOut, proposal: Proposal) -> str:
    new = [slot for slot in way.chosen if way.rule in slot.against]
    if new:
        words = {"when": _moments(new), "what": _over(new[0], proposal)}
        if way.rule == Rule.COMMITMENTS and words["what"]:
            return _("If %(when)s were possible, over %(what)s,") % words
        if way.rule == Rule.PEOPLE:
            return _("If you could get to know somebody new, %(when)s,") % words
        return _("If %(when)s were possible,") % words
    if way.rule == Rule.TRAVEL:
        return _("If you could travel to us on one more day,")
    return _("If you could wait longer between two sessions,")


def _moments(slots: list[Slot]) -> str:
    return get_text_list([day_clock(slot.begins) for slot in slots], _("and"))


def _over(slot: Slot, proposal: Proposal) -> str:
    return overlaps(proposal.busy, slot.begins - proposal.travel, slot.ends + proposal.travel)


def _then(way: WayOut, proposal: Proposal) -> str:
    care = proposal.care_then
    minutes = care.held + care.ahead - proposal.minutes + sum(slot.minutes for slot in way.chosen)
    return _("you would have %(hours)s of %(wanted)s hours.") % {
        "hours": hours_read(minutes),
        "wanted": care.wanted_hours,
    }


def _not_kept(proposal: Proposal) -> Iterator[Left]:
    """Wishes that this week breaks, although nobody said “always”."""
    wishes, chosen = proposal.wishes, proposal.suggested
    every = [*proposal.booked, *(one.slot for one in chosen)]
    planned = any(share.modality.format == Format.INDIVIDUAL for share in proposal.mix)
    if not planned and sum(slot.share == Format.INDIVIDUAL for slot in every) < wishes.one_to_one:
        yield Left(_("Time one to one with a counsellor."), _("No open time goes with the rest."))
    minutes = proposal.plan.waiting - waiting_of(proposal.booked)
    if firmness_of(wishes, Rule.GAPS) != Firmness.NO_MATTER and minutes > BREAK:
        yield Left(
            _("A day without waiting."),
            ngettext("You wait %(count)d minute longer.", "You wait %(count)d minutes longer.", minutes)
            % {"count": minutes},
        )


def _mix(proposal: Proposal) -> Iterator[Left]:
    """What the care plan has a week and this week has less of, each with why."""
    there = Counter(slot.way for slot in (*proposal.booked, *(one.slot for one in proposal.suggested)))
    for share in proposal.mix:
        had = there[str(share.modality_id)]
        if had < share.times:
            words = {"way": share.modality.name, "often": a_week(share.times), "had": had}
            what = (
                ngettext("%(way)s, %(often)s: %(had)d is in it.", "%(way)s, %(often)s: %(had)d are in it.", had)
                if had
                else _("%(way)s, %(often)s.")
            )
            yield Left(what % words, _why_less(share, proposal))


def _why_less(share: PlanShare, proposal: Proposal) -> str:
    way = share.modality
    if way.format in FAMILIES:
        return _("Family sessions are arranged with the family. Ask your counsellor.")
    if not way.in_use:
        return _("It is not offered at present. Talk about it when you look at your plan.")
    if not way.counts:
        return _("It does not count toward your hours, so you book it yourself.")
    if way.format == Format.INDIVIDUAL and proposal.wishes.pk and proposal.wishes.one_to_one < share.times:
        return _("You wish for less time one to one. Change your wishes if you want more.")
    firm = {rule for rule in Rule if rule in CLASHING and rule not in NEEDS}
    firm = {rule for rule in firm if firmness_of(proposal.wishes, rule) == Firmness.ALWAYS}
    open_ones = [slot for slot in proposal.slots.values() if slot.way == str(way.pk)]
    if not open_ones:
        gone = any(time.modality.pk == way.pk for time in proposal.left_out)
        return _("No place is left.") if gone else _("No time for it is open in this week.")
    if all(slot.against & firm for slot in open_ones):
        return _("Every open time goes against something that you wish for “always”.")
    return _("No open time goes with the rest.")


def _full(proposal: Proposal) -> Iterator[Left]:
    """Sessions of the kinds that somebody comes to, which they cannot have."""
    usual = set(proposal.habits.ways)
    shown = 0
    for gone in proposal.left_out:
        if gone.modality.pk in usual and not gone.clashes and shown < FEW:
            shown += 1
            what = f"{gone.modality.name}, {day_clock(gone.begins)}."
            if gone.mine:
                yield Left(what, _("You wait for a place."))
            else:
                yield Left(what, _("No place is left."), full=gone.session.pk)
    for key, time in proposal.times.items():
        slot = proposal.slots.get(key)
        if slot and shown < FEW and time.modality.pk in usual and isinstance(time, SeatTime) and _only_busy(slot):
            shown += 1
            yield Left(f"{time.modality.name}, {day_clock(time.begins)}.", _overlapping(time, proposal))


def _only_busy(slot: Slot) -> bool:
    return Rule.COMMITMENTS in slot.against and not slot.against & {Rule.WEEKDAYS, Rule.PARTS}


# ── The seven days ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Cell:
    """A day of the week, by the person's own calendar: how much is done, booked and new on it, to read: 1½ h."""

    on: date
    done: str
    booked: str
    new: str
    passed: bool


def strip(proposal: Proposal, *, now: datetime) -> list[Cell]:
    zone = ZoneInfo(proposal.wishes.person.zone)
    return [_cell(day.on, proposal, now, zone) for day in proposal.week.days]


def _cell(on: date, proposal: Proposal, now: datetime, zone: ZoneInfo) -> Cell:
    there = [slot for slot in proposal.booked if slot.begins.astimezone(zone).date() == on]
    new = [one.slot for one in proposal.suggested if one.slot.begins.astimezone(zone).date() == on]
    return Cell(
        on,
        done=_hours(slot for slot in there if slot.ends <= now),
        booked=_hours(slot for slot in there if slot.ends > now),
        new=_hours(new),
        passed=on < now.astimezone(zone).date(),
    )


def _hours(slots: Iterable[Slot]) -> str:
    minutes = sum((slot.ends - slot.begins) // MINUTE for slot in slots)
    if minutes < 60:
        return _("%(count)d min") % {"count": minutes} if minutes else ""
    return _("%(hours)s h") % {"hours": hours_read(minutes)}
