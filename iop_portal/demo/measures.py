"""How people in the story have been, who is on call, and an answer that cannot wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta

from django.db import connection

from iop_portal.people.models import Enrolment, Program, User
from therapy import measures
from therapy.asking import ask
from therapy.instruments import Instrument, asked, instruments
from therapy.models import Answer, Asking, Sheet
from therapy.oncall import Terms, add_weekly
from therapy.policies import PolicyDetails, change_policy, policy_version
from therapy.prescribing import policy_of

Ago = Callable[[int, time], datetime]
EVENING = time(21, 10)
DAYS, NIGHTS = Terms(time(8), time(20)), Terms(time(20), time(8))
# Who is on call by day, by slug, and on which weekdays; and by night.
BY_DAY = (("amara", (1, 3)), ("grace.holloway", (0, 2, 4)), ("daniel.reyes", (5, 6)))
BY_NIGHT = (("tom.beckett", (0, 1, 2, 3)), ("priya.nair", (4, 5, 6)))
# Days ago, and the sum.
MAYA = {
    "phq-9": ((30, 17), (23, 16), (16, 13), (9, 14), (2, 10)),
    "gad-7": ((30, 14), (15, 9)),
    "craving": ((20, 7), (13, 5), (6, 3)),
}
THEO = {"phq-9": ((3, 12),), "gad-7": ((3, 15),), "craving": ((3, 6),)}
RAY = ((35, 9), (21, 10), (7, 12))
MOST_TOLD = 14


def tell_roster(program: Program, staff: dict[str, User], *, by: User, now: datetime) -> None:
    for terms, roster in ((DAYS, BY_DAY), (NIGHTS, BY_NIGHT)):
        for slug, weekdays in roster:
            add_weekly(program, staff[slug], weekdays, terms, by=by, now=now)
    policy = policy_of(program)
    # An hour, so that who looks around has time to find it where it came first.
    details = PolicyDetails(
        **{name: getattr(policy, name) for name in PolicyDetails.__dataclass_fields__} | {"alert_minutes": 60}
    )
    change_policy(program, details, seen=policy_version(policy), by=by, now=now)


def tell_measures(program: Program, *, ago: Ago, now: datetime) -> None:
    maya, theo, ray = (_somebody(slug) for slug in ("maya", "theo", "ray.dawson"))
    for person, told in ((maya, MAYA), (theo, THEO)):
        for code, sheets in told.items():
            for days, total in sheets:
                _answer(person, instruments()[code], total, at=ago(days, EVENING))
    ask(Enrolment.objects.get(client=maya), instruments()["gad-7"], by=None, now=now - timedelta(hours=1))
    _background(program, apart=(maya, theo, ray), now=now)
    _ray(ray, now=now - timedelta(minutes=6))


def tell_that_they_were_asked(program: Program, *, apart: Iterable[User] = (), now: datetime) -> None:
    """In bulk: the rhythm of everybody else, so that nobody is asked in the first minutes of the story."""
    others = Enrolment.objects.filter(program=program, state="admitted").exclude(client__in=list(apart))
    Asking.objects.bulk_create(
        Asking(
            enrolment=enrolment,
            person_id=enrolment.client_id,
            instrument=code,
            due_on=(now - timedelta(days=1 + enrolment.pk % 4)).date(),
            asked_at=now - timedelta(days=1 + enrolment.pk % 4),
            ended_at=now - timedelta(hours=9),
            end=Asking.End.ANSWERED,
        )
        for enrolment in others
        for code, one in instruments().items()
        if one.bundled
    )


def _somebody(slug: str) -> User:
    found: User = User.objects.get(email=f"{slug}@portal.test")
    return found


def _answer(person: User, instrument: Instrument, total: int, *, at: datetime) -> None:
    """Begun and sent in as in life; the answers between in one go."""
    sheet = measures.begin(person, instrument, by=person, now=at)
    Answer.objects.bulk_create(_answers(sheet, instrument, total))
    measures.send(sheet, by=person, now=at + timedelta(minutes=3))


def _answers(sheet: Sheet, instrument: Instrument, total: int) -> list[Answer]:
    """Points laid round the items one by one, and none on what would alarm."""
    scored = [item for item in instrument.items if item.scored and item.alert_from is None]
    given: dict[str, int | None] = {item.code: 0 for item in instrument.items if item.scored}
    while total > 0:
        for item in scored:
            if total and (given[item.code] or 0) < item.most:
                given[item.code] = (given[item.code] or 0) + 1
                total -= 1
    for item in asked(instrument, given):
        given.setdefault(item.code, 1)
    return [
        Answer(sheet=sheet, item=code, value=value, answered_at=sheet.begun_at + timedelta(minutes=1))
        for code, value in given.items()
    ]


def _ray(ray: User, *, now: datetime) -> None:
    """He is in the middle of it: what he answered last cannot wait, and nobody has written down yet what was done."""
    phq = instruments()["phq-9"]
    ray.phone = "(212) 555-0178"
    ray.save(update_fields=["phone"])
    for days, total in RAY:
        _answer(ray, phq, total, at=now - timedelta(days=days))
    sheet = measures.begin(ray, phq, by=ray, now=now - timedelta(minutes=2))
    Answer.objects.bulk_create(each for each in _answers(sheet, phq, 14) if each.item not in ("9", "10"))
    item = phq.item("9")
    assert item is not None
    measures.give_answer(sheet, item, 1, by=ray, now=now)


def _background(program: Program, *, apart: tuple[User, ...], now: datetime) -> None:
    """Some others over their weeks, most of them a little better: closed first, since nobody has two open at once."""
    others = Enrolment.objects.filter(program=program, state="admitted").exclude(client__in=apart).order_by("pk")
    codes = ("phq-9", "gad-7")
    made: list[tuple[Sheet, Instrument, int]] = []
    for enrolment in others[:MOST_TOLD]:
        for at, code in enumerate(codes):
            weeks = ((now.date() - enrolment.admitted_on).days - 1) // 7 if enrolment.admitted_on else 0
            for week in range(min(weeks, 5), -1, -2):
                total = max(2, 8 + enrolment.pk % 8 + (week - 2) * (2 - enrolment.pk % 4) - 3 * at)
                begun = now - timedelta(days=7 * week + 1, hours=enrolment.pk % 9)
                sheet = Sheet(
                    enrolment=enrolment,
                    person_id=enrolment.client_id,
                    instrument=code,
                    version=instruments()[code].version,
                    language="en",
                    begun_at=begun,
                    left_at=begun,
                )
                made.append((sheet, instruments()[code], total))
    Sheet.objects.bulk_create(sheet for sheet, _one, _total in made)
    Answer.objects.bulk_create(each for told in made for each in _answers(*told))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE therapy_sheet s SET left_at = NULL, sent_at = begun_at + interval '4 minutes', score = (SELECT "
            "sum(a.value) FROM therapy_answer a WHERE a.sheet_id = s.id AND a.item <> '10') WHERE s.id = ANY(%s)",
            [[sheet.pk for sheet, _one, _total in made]],
        )
    tell_that_they_were_asked(program, apart=apart, now=now)
