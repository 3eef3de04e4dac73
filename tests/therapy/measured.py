"""A small program in which somebody is on call, and a client answers."""

from datetime import time, timedelta

from tests.factories import NOON
from therapy import measures
from therapy.instruments import instruments
from therapy.oncall import Terms, add_weekly

PHQ, GAD, CRAVING = (instruments()[code] for code in ("phq-9", "gad-7", "craving"))
DAY = timedelta(days=1)


def always_on_call(program, who):
    return add_weekly(program, who, range(7), Terms(time(0), time(0)), by=who, now=NOON)


def points(instrument, total, **given):
    """Answers to the scored items that add up to so many points, the first ones the heaviest; item 9 last of all."""
    answers = {}
    for item in instrument.items:
        if item.scored:
            answers[item.code] = min(item.most, total)
            total -= answers[item.code]
    return {**answers, **({"10": 1} if instrument is PHQ and any(answers.values()) else {}), **given}


def answer(person, instrument, answers, now=NOON):
    """Begun and answered, not sent in."""
    sheet = measures.begin(person, instrument, by=person, now=now)
    for item in instrument.items:
        if item.code in answers:
            measures.give_answer(sheet, item, answers[item.code], by=person, now=now)
    return sheet


def sent(person, instrument, answers, now=NOON):
    return measures.send(answer(person, instrument, answers, now), by=person, now=now)
