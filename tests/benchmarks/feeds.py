"""The calendar feed with five hundred entries: asked for again unchanged, and anew."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scheduling.calendar_files import Entry, calendar_of
from scheduling.feeds import REFRESH, delivery_of, entries, make_feed
from tests.benchmarks.ratios import Target, ask, measure, tell
from tests.factories import ModalityFactory, clinician, enrolled, seated, session_at
from tests.signing_in import sign_in

ENTRIES = 500


def measure_feed() -> list[bool]:
    """Unchanged to the bare view; anew to what icalendar itself needs to write as many entries."""
    now = timezone.now()
    group = ModalityFactory()
    person, leader = enrolled(group.program), clinician(group.program)
    for number in range(ENTRIES):
        seated(person, session_at(group, now + number * timedelta(hours=8), leader, minutes=90))
    address = reverse("scheduling:calendar_feed", args=[make_feed(person, tells_more=True, now=now)])
    version = Client().get(address).headers["ETag"]
    told = list(entries(delivery_of(person), now=now))
    bare = sign_in(Client(), person)
    unchanged = measure(lambda: partial(ask, Client(), address, held=version), bare)
    anew = measure(lambda: partial(ask, Client(), address), bare, against=partial(write, told))
    return [
        tell(f"feed of {ENTRIES} entries, unchanged", unchanged, Target(1.3)),
        tell(f"feed of {ENTRIES} entries, anew, to icalendar alone", anew, Target(1.3)),
    ]


def write(told: list[Entry]) -> float:
    began = time.perf_counter()
    calendar_of(told, refresh=REFRESH)
    return time.perf_counter() - began
