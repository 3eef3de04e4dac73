"""A week with many sessions to choose from, the same each time."""

import random
from datetime import UTC, datetime, timedelta

from scheduling.wanted_week import Question, Rule, Share, Slot

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEIGHTS = {
    Rule.COMMITMENTS: 400,
    Rule.PARTS: 120,
    Rule.WEEKDAYS: 120,
    Rule.TRAVEL: 100,
    Rule.PEOPLE: 60,
    Rule.GAPS: 2,
    Rule.MIX: 300,
}
BY_ITSELF = (Rule.COMMITMENTS, Rule.PARTS, Rule.WEEKDAYS, Rule.PEOPLE)


def slot(key="a", day=0, at=17.5, minutes=90, way="group", share="group", travels=True, against=(), counts=True):
    begins = MONDAY + timedelta(days=day, hours=at)
    ends = begins + timedelta(minutes=minutes)
    return Slot(key, begins, ends, begins.date(), way, share, minutes if counts else 0, travels, frozenset(against))


def full_week(candidates, *, seed=1, **fields):
    """Nine hours on three days, of groups of ten kinds and one hour with a counsellor, from morning to night."""
    chance = random.Random(seed)
    slots = []
    for number in range(candidates):
        minutes = chance.choice([45, 50, 60, 90])
        talk = minutes == 50
        slots.append(
            slot(
                f"c{number}",
                day=chance.randrange(7),
                at=chance.randrange(16, 40) / 2,
                minutes=minutes,
                way="talk" if talk else f"group {chance.randrange(10)}",
                share="talk" if talk else "group",
                travels=chance.random() < 0.6,
                against=[rule for rule in BY_ITSELF if chance.random() < 0.35],
            )
        )
    question = {
        "shares": {"talk": Share(1, 1)},
        "weights": WEIGHTS,
        "travel": timedelta(minutes=30),
    }
    return Question(tuple(slots), (), 540, 3, **{**question, **fields})
