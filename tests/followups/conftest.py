from datetime import timedelta

import pytest

from iop_portal.followups import kinds
from iop_portal.followups.owing import owe_follow_up
from tests.factories import NOON, ProgramFactory, admin, clinician, enrolled, on_care_team


@pytest.fixture
def harbor():
    return ProgramFactory(name="Harbor House")


@pytest.fixture
def maya(harbor):
    return enrolled(harbor, preferred_name="Maya", surname="Torres")


@pytest.fixture
def amara(harbor, maya):
    """Maya's primary counsellor."""
    amara = clinician(harbor, preferred_name="Amara")
    on_care_team(amara, maya, part="primary")
    return amara


@pytest.fixture
def ben(harbor, maya):
    """Another clinician of Maya's care team."""
    ben = clinician(harbor, preferred_name="Ben")
    on_care_team(ben, maya)
    return ben


@pytest.fixture
def lena(harbor):
    """A clinician of the program, on nobody's care team."""
    return clinician(harbor, preferred_name="Lena")


@pytest.fixture
def office(harbor):
    return admin(harbor, preferred_name="Office")


@pytest.fixture
def call(monkeypatch, harbor, maya):
    """Owe a call to Maya: an act of care, due in two hours."""
    kind = kinds.Kind(
        name="call",
        about="people.user",
        title="Call after three missed sessions",
        why="Three in a row.",
        due_in=timedelta(hours=2),
    )
    monkeypatch.setitem(kinds.registry, "call", kind)

    def owe(owner, now=NOON):
        return owe_follow_up("call", about=maya, program=harbor, owner=owner, client=maya, by=None, now=now)

    return owe


@pytest.fixture
def tidy(monkeypatch, harbor):
    """Owe an act of the office, due in two hours."""
    kind = kinds.Kind(
        name="tidy", about="people.program", title="Look at the rooms", why="Weekly.", due_in=timedelta(hours=2)
    )
    monkeypatch.setitem(kinds.registry, "tidy", kind)

    def owe(owner, now=NOON):
        return owe_follow_up("tidy", about=harbor, program=harbor, owner=owner, by=None, now=now)

    return owe
