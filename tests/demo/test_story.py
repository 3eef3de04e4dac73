from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from iop_portal.accounts.models import Invitation
from iop_portal.audit.models import Entry
from iop_portal.demo.story import tell_story
from iop_portal.notices.models import Notice
from iop_portal.people.models import CareTeam, Enrolment, User
from tests.factories import NOON

pytestmark = pytest.mark.django_db

# Ordinary hours, the first minute of a year, a leap day, and both ends of both clock changes in the United States.
TELLINGS = [
    datetime(2027, 1, 1, 0, 0, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 59, tzinfo=UTC),
    datetime(2026, 3, 8, 6, 59, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
]


def counted():
    with connection.cursor() as cursor:
        return {
            table: _count(cursor, table)
            for table in connection.introspection.table_names()
            if table not in ("django_migrations", "portal_cache")
        }


def _count(cursor, table):
    cursor.execute(f'SELECT count(*) FROM "{table}"')
    return cursor.fetchone()[0]


@pytest.mark.parametrize("now", TELLINGS, ids=str)
def test_it_can_be_told_at_any_hour_of_any_year(now):
    tell_story(now=now)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert Entry.objects.filter(at__gt=now).count() == 0
    assert Notice.objects.filter(ended_at__gt=now).count() == 0
    assert Invitation.objects.filter(invited_at__gt=now).count() == 0
    assert CareTeam.objects.filter(since__gt=now).count() == 0
    today = now.date() + timedelta(days=1)
    assert Enrolment.objects.filter(referred_on__gte=today).count() == 0


def test_half_a_story_is_no_story(monkeypatch):
    monkeypatch.setattr("iop_portal.demo.cast.JUNIPER_CLIENTS", (object(),))
    before = counted()
    with pytest.raises(AttributeError):
        tell_story(now=NOON)
    assert counted() == before


def test_only_a_demonstration_is_told_a_story(settings):
    settings.PORTAL_DEMO = False
    with pytest.raises(CommandError, match="PORTAL_DEMO"):
        call_command("tell_story")
    assert User.objects.count() == 0


def test_the_command_says_what_it_did(settings, capsys):
    settings.PORTAL_DEMO = True
    for _ in range(2):
        call_command("tell_story")
    assert capsys.readouterr().out == "The story is told.\nThe story was told before and is kept.\n"
    assert Entry.objects.filter(at__gt=timezone.now()).count() == 0
