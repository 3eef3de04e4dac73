"""Probes: what a balancer and an operator learn, and nobody else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from iop_portal import health
from iop_portal.followups.escalation import WATCH
from iop_portal.followups.models import Heartbeat
from iop_portal.notices.models import Notice
from tests.factories import UserFactory


@pytest.fixture
def watched(db):
    Heartbeat.objects.update_or_create(name=WATCH, defaults={"at": timezone.now()})


def ready(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_alive_needs_no_database(client):
    answer = client.get("/livez")

    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (200, b"alive\n", "no-store")


@pytest.mark.django_db
def test_ready_when_all_is_well(client, watched):
    assert ready(client) == (
        200,
        {"ready": True, "database": "ok", "migrations": "ok", "escalation": "ok", "outbox_lag_seconds": 0},
    )
    assert client.get("/readyz")["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_not_ready_while_the_escalation_is_silent(client, watched):
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=6))
    status, words = ready(client)
    assert (status, words["ready"], words["escalation"]) == (503, False, "silent")

    Heartbeat.objects.all().delete()
    status, words = ready(client)
    assert (status, words["escalation"]) == (503, "never ran")


@pytest.mark.django_db
def test_not_ready_while_a_migration_waits(client, watched):
    for app, name in health.newest_migrations():
        if app == "people":
            MigrationRecorder(connection).record_unapplied(app, name)

    status, words = ready(client)

    assert (status, words["migrations"]) == (503, "waiting")


@pytest.mark.django_db
def test_the_lag_is_that_of_the_oldest_message_that_should_have_gone(client, watched):
    now = timezone.now()
    person = UserFactory()
    for number, due in enumerate([now - timedelta(minutes=2), now - timedelta(minutes=7), now + timedelta(days=1)]):
        Notice.objects.create(
            kind="test", to=person, about_type="people.user", about_id=number, owed_at=now, not_before=due
        )

    assert 420 <= ready(client)[1]["outbox_lag_seconds"] < 430
