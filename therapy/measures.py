"""Answering how one is: one question after another, each kept at once, and the score when all is sent in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import trail
from iop_portal.people.models import Enrolment, User
from iop_portal.prepared import Statement
from iop_portal.refusals import Refused
from iop_portal.writes import write
from therapy.alerts import raise_alert
from therapy.asking import KEPT_OPEN, NotAdmitted, NotUsedHere, end_askings
from therapy.instruments import (
    Change,
    Instrument,
    Item,
    asked,
    change,
    instruments,
    score,
    unanswered,
    version_of,
)
from therapy.models import Answer, Asking, Sheet
from therapy.oncall import next_staffed, staffed
from therapy.using import used_by

# Who began while somebody was on call may finish.
GRACE = timedelta(minutes=30)


class NobodyIsOnCall(Refused):
    message = _("These questions are open while somebody of the program is on call. Nothing that you answered is lost.")


class SentAlready(Refused):
    message = _("You have sent this in already. It stays as you sent it.")


class LeftTooLong(Refused):
    message = _("You began this some days ago, so it is about another time. Begin anew when you like.")


class NotAsked(Refused):
    message = _("This question is not part of what you are answering now.")


class NoSuchAnswer(Refused):
    message = _("Choose one of the answers.")
    status = 400


class NotWhole(Refused):
    message = _("Some questions are still open. “I prefer not to say” is an answer too.")
    status = 400


def answers_of(sheet: Sheet) -> dict[str, int | None]:
    return dict(sheet.answers.values_list("item", "value"))


def instrument_of(sheet: Sheet) -> Instrument:
    """As it was when it was begun. Raises LookupError for a file that was taken away."""
    found = version_of(sheet.instrument, sheet.version)
    if found is None:
        raise LookupError(sheet.instrument)
    return found


# ── Beginning ─────────────────────────────────────────────────────────────────────────────────────────────────


def enrolment_for(person: User, instrument: Instrument) -> Enrolment | None:
    """In which program somebody answers it: where they were asked, else where it is used."""
    mine = list(Enrolment.objects.filter(client=person, state=Enrolment.State.ADMITTED).select_related("program"))
    asked_by = asked_of(person).get(instrument.code)
    here = [each for each in mine if instrument.code in used_by(each.program)]
    return next((each for each in here if asked_by and each.pk == asked_by.enrolment_id), next(iter(here), None))


@write
def begin(person: User, instrument: Instrument, *, by: User, now: datetime) -> Sheet:
    """A new sheet, or the one that is open still."""
    person = User.objects.lock_no_key(person.pk)
    enrolment = enrolment_for(person, instrument)
    if enrolment is None:
        raise NotUsedHere if _admitted(person) else NotAdmitted
    if held := open_sheet(person, instrument, now=now):
        return held
    if instrument.alarming and not staffed(enrolment.program, now):
        raise NobodyIsOnCall
    Sheet.objects.open().filter(person=person, instrument=instrument.code).update(left_at=now)
    sheet = Sheet.objects.create(
        enrolment=enrolment,
        person=person,
        instrument=instrument.code,
        version=instrument.version,
        language=instrument.language,
        begun_at=now,
    )
    trail.record("measure.begun", sheet, client=person, by=by, at=now)
    return sheet


def open_sheet(person: User, instrument: Instrument, *, now: datetime) -> Sheet | None:
    """What can be taken up again: begun these days, of the questions as they are now."""
    return _taken_up(person, now=now).filter(instrument=instrument.code, version=instrument.version).first()


def _taken_up(person: User, *, now: datetime) -> QuerySet[Sheet]:
    """What lay open when a stay ended is not of the next one."""
    admitted = Enrolment.State.ADMITTED
    return Sheet.objects.open().filter(person=person, enrolment__state=admitted, begun_at__gte=now - KEPT_OPEN)


def may_go_on(sheet: Sheet, *, now: datetime) -> bool:
    """Whether its questions are shown now. An answer that was given is kept in any case."""
    if not instrument_of(sheet).alarming or now - sheet.begun_at < GRACE:
        return True
    return staffed(sheet.enrolment.program, now)


def too_old(sheet: Sheet, *, now: datetime) -> bool:
    return sheet.left_at is not None or sheet.begun_at < now - KEPT_OPEN


def _admitted(person: User) -> bool:
    return Enrolment.objects.filter(client=person, state=Enrolment.State.ADMITTED).exists()


# ── Answering ─────────────────────────────────────────────────────────────────────────────────────────────────


def give_answer(sheet: Sheet, item: Item, value: int | None, *, by: User, now: datetime) -> Sheet:
    """Keep one answer. What asks people to act reaches them in the same transaction, long before all is sent in.

    It reaches them also where it comes too late to be kept: not to keep an answer must not be not to have heard it.
    """
    try:
        return _keep_answer(sheet, item, value, now=now)
    except (SentAlready, LeftTooLong, NotAdmitted):
        if alarms(item, value):
            assert value is not None
            _hear(sheet, item, value, now=now)
        raise


@write
def _hear(sheet: Sheet, item: Item, value: int, *, now: datetime) -> None:
    if value in _values_of(item):
        raise_alert(_locked(sheet), item, value, now=now)


@write
def _keep_answer(sheet: Sheet, item: Item, value: int | None, *, now: datetime) -> Sheet:
    held = _lock_open(sheet, now=now)
    known = answers_of(held)
    if item not in asked(instrument_of(held), known):
        raise NotAsked
    if value is not None and value not in _values_of(item):
        raise NoSuchAnswer
    Answer.objects.update_or_create(sheet=held, item=item.code, defaults={"value": value, "answered_at": now})
    if alarms(item, value):
        assert value is not None
        raise_alert(held, item, value, now=now)
    return held


def _values_of(item: Item) -> set[int]:
    return {option.value for option in item.options}


def alarms(item: Item, value: int | None) -> bool:
    return item.alert_from is not None and value is not None and value >= item.alert_from


@write
def send(sheet: Sheet, *, by: User, now: datetime) -> Sheet:
    """From now on it stays. Answers to questions that no longer apply go, so that what is kept is what was asked."""
    held = _lock_open(sheet, now=now)
    instrument, known = instrument_of(held), answers_of(held)
    if unanswered(instrument, known):
        raise NotWhole
    applies = [item.code for item in asked(instrument, known)]
    held.answers.exclude(item__in=applies).delete()
    held.sent_at = now
    held.score = score(instrument, known)
    held.save(update_fields=["sent_at", "score"])
    waiting = Asking.objects.filter(enrolment=held.enrolment, instrument=held.instrument)
    end_askings(waiting, Asking.End.ANSWERED, now=now)
    trail.record("measure.sent", held, client=held.person, by=by, at=now)
    return held


def _locked(sheet: Sheet) -> Sheet:
    locked = Sheet.objects.select_for_update(of=("self",)).select_related("enrolment__program", "person")
    return locked.get(pk=sheet.pk)


def _lock_open(sheet: Sheet, *, now: datetime) -> Sheet:
    held = _locked(sheet)
    if held.sent_at is not None:
        raise SentAlready
    if held.enrolment.state != Enrolment.State.ADMITTED:
        raise NotAdmitted
    if too_old(held, now=now):
        raise LeftTooLong
    return held


# ── What waits for somebody ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Offer:
    """One instrument on somebody's own page: whether it can be answered now, and what is known of it."""

    instrument: Instrument
    asked: bool
    begun: bool
    open: bool
    opens_at: datetime | None


def offers_to(person: User, *, now: datetime) -> list[Offer]:
    """What their programs use, first what they were asked. Outside staffed hours, what may alarm says when it will be
    open.
    """
    mine = list(Enrolment.objects.filter(client=person, state=Enrolment.State.ADMITTED).select_related("program"))
    found: dict[str, Offer] = {}
    waiting = asked_of(person)
    begun = {each.instrument: each for each in _taken_up(person, now=now)}
    opens = {each.pk: next_staffed(each.program, now) for each in mine}
    for enrolment in mine:
        for code, use in used_by(enrolment.program).items():
            sheet = begun.get(code)
            # Where it would be answered: the program of the open sheet, or the one that asked.
            where = [each.enrolment_id for each in (sheet, waiting.get(code)) if each]
            opens_at = next((opens[key] for key in where if key in opens), opens[enrolment.pk])
            graced = sheet is not None and now - sheet.begun_at < GRACE
            is_open = not use.instrument.alarming or opens_at == now or graced
            offer = Offer(use.instrument, code in waiting, sheet is not None, is_open, None if is_open else opens_at)
            found.setdefault(code, offer)
    return sorted(found.values(), key=lambda offer: not offer.asked)


def asked_of(person: User) -> dict[str, Asking]:
    """What somebody was asked and has not answered, by instrument: of several programs the last. One query."""
    waiting = Asking.objects.filter(person=person, ended_at=None, enrolment__state=Enrolment.State.ADMITTED)
    return {each.instrument: each for each in waiting.order_by("asked_at", "pk") if each.instrument in instruments()}


# ── Trends ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Trend:
    """The newest score of an instrument, and how it stands against the one at admission."""

    instrument: Instrument
    first: int
    last: int
    at: datetime
    change: Change

    @property
    def words(self) -> str:
        """better, same, worse: never by colour or arrow alone."""
        return str(TREND_WORDS[self.change])

    @property
    def arrow(self) -> str:
        """down where the number fell, up where it rose; what that means the words say."""
        return "down" if self.last < self.first else "up" if self.last > self.first else "level"


TREND_WORDS = {
    Change.BETTER: _("better"),
    Change.SAME: _("same"),
    Change.WORSE: _("worse"),
    Change.UNKNOWN: _("first one"),
}


@dataclass(frozen=True)
class Standing:
    """Of one client in one program: how they have been, and whether an answer waits for somebody to act."""

    trends: tuple[Trend, ...] = ()
    alert_id: int | None = None


TRENDED = ("phq-9", "gad-7")
TRENDS = Statement(
    "trends",
    """
    SELECT s.person_id, e.program_id, s.instrument,
           (array_agg(s.score ORDER BY s.sent_at, s.id))[1], (array_agg(s.score ORDER BY s.sent_at DESC, s.id DESC))[1],
           count(*), max(s.sent_at), NULL::bigint
    FROM therapy_sheet s JOIN people_enrolment e ON e.id = s.enrolment_id
    WHERE s.person_id = ANY(%(people)s) AND s.instrument = ANY(%(of)s) AND s.score IS NOT NULL
      AND s.sent_at <= %(now)s AND e.state = 'admitted'
    GROUP BY s.person_id, e.program_id, s.instrument
    UNION ALL
    SELECT s.person_id, e.program_id, '', 0, 0, 0, min(a.raised_at), min(a.id)
    FROM therapy_alert a JOIN therapy_sheet s ON s.id = a.sheet_id JOIN people_enrolment e ON e.id = s.enrolment_id
    WHERE s.person_id = ANY(%(people)s) AND a.closed_at IS NULL
    GROUP BY s.person_id, e.program_id
""",
    {"people": list, "now": datetime},
    {"of": list(TRENDED)},
)


def trends_of(client_ids: list[int], *, now: datetime) -> dict[tuple[int, int], Standing]:
    """By client and program, for many at once: one query, and none for nobody.

    It asks about whomever it is given: the caller shows it to whoever looks after them there, and to nobody else.
    """
    if not client_ids:
        return {}
    trends: dict[tuple[int, int], list[Trend]] = {}
    alerts: dict[tuple[int, int], int] = {}
    for person, program, code, first, last, count, at, alert in TRENDS.ask(people=list(client_ids), now=now):
        if alert is not None:
            alerts[person, program] = alert
            continue
        one = instruments()[code]
        how = change(one, first, last) if count > 1 else Change.UNKNOWN
        trends.setdefault((person, program), []).append(Trend(one, first, last, at, how))
    return {
        key: Standing(
            tuple(sorted(trends.get(key, ()), key=lambda each: TRENDED.index(each.instrument.code))), alerts.get(key)
        )
        for key in trends.keys() | alerts.keys()
    }
