"""Telling and withdrawing at once: what is told comes before the withdrawal, or is refused."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from iop_portal.consents.consenting import (
    NoLiveConsent,
    PermittedAlready,
    record_disclosure,
    revoke_consent,
)
from iop_portal.consents.models import Consent, Disclosure, Revocation
from tests.factories import NOON, ProgramFactory, clinician, enrolled, on_care_team, permission_of

LATER = NOON + timedelta(hours=1)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    program = ProgramFactory()
    maya = enrolled(program)
    amara = clinician(program)
    on_care_team(amara, maya)
    return maya, amara, permission_of(maya)


class Elsewhere(threading.Thread):
    """A write on a connection of its own; what it raised is kept."""

    def __init__(self, act):
        super().__init__()
        self.act, self.raised = act, None

    def run(self):
        try:
            self.act()
        except Exception as error:
            self.raised = error
        finally:
            connections.close_all()


def wait_until_somebody_waits():
    """Returns once another connection waits for a lock of ours."""
    for _ in range(2000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone():
                return
    raise AssertionError("Nobody waited for the lock.")


def tell(consent, amara):
    return lambda: record_disclosure(consent, what="Came twice", by=amara, now=LATER)


def insert_raw(consent, amara):
    return lambda: Disclosure.objects.create(consent=consent, by=amara, what="Came twice", at=LATER)


@pytest.mark.parametrize("way", [tell, insert_raw])
def test_telling_waits_for_a_withdrawal_under_way_and_is_refused(scene, way):
    maya, amara, consent = scene
    with transaction.atomic():
        revoke_consent(consent, by=maya, now=LATER)
        other = Elsewhere(way(consent, amara))
        other.start()
        wait_until_somebody_waits()
    other.join(10)
    assert isinstance(other.raised, NoLiveConsent) or "no live consent" in str(other.raised)
    assert not Disclosure.objects.exists()


def test_a_withdrawal_waits_for_telling_under_way_and_stands_after_it(scene):
    maya, amara, consent = scene
    with transaction.atomic():
        record_disclosure(consent, what="Came twice", by=amara, now=LATER)
        other = Elsewhere(lambda: revoke_consent(consent, by=maya, now=LATER - timedelta(seconds=1)))
        other.start()
        wait_until_somebody_waits()
    other.join(10)
    assert other.raised is None
    assert Revocation.objects.get().at >= Disclosure.objects.get().at


def test_the_same_permission_signed_at_once_is_signed_once(scene):
    maya, _amara, consent = scene
    revoke_consent(consent, by=maya, now=LATER)
    with transaction.atomic():
        given = permission_of(maya, now=LATER)
        other = Elsewhere(lambda: permission_of(maya, now=LATER))
        other.start()
        wait_until_somebody_waits()
    other.join(10)
    assert isinstance(other.raised, PermittedAlready)
    assert Consent.objects.live(LATER).get() == given


def test_withdrawn_twice_at_once_is_withdrawn_once(scene):
    maya, _amara, consent = scene
    with transaction.atomic():
        revoke_consent(consent, by=maya, now=LATER)
        other = Elsewhere(lambda: revoke_consent(consent, by=maya, now=LATER))
        other.start()
        wait_until_somebody_waits()
    other.join(10)
    assert other.raised is None
    assert Revocation.objects.count() == 1
