"""What every test may ask for. PostgreSQL and Redis run already: see tests/embedded.py."""

import os

import pytest
from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from tests.embedded import TEMPLATE
from tests.notices.phones import Phones


class CheapHasher(PBKDF2PasswordHasher):
    """Argon2 is slow by intent; tests hash hundreds of passwords."""

    algorithm = "cheap"
    iterations = 1


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords():
    settings.PASSWORD_HASHERS = ["tests.conftest.CheapHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(scope="session", autouse=True)
def no_query_for_each_row():
    """A page that asks the database once for every row of a list fails the test that opens it."""
    AppConfig.create("zeal").ready()
    # What a row leads to is watched. Single rows are looked up by key twice to lock two people, and by libraries.
    settings.ZEAL_ALLOWLIST = [{"model": "*", "field": "get()"}, {"model": "account.EmailAddress", "field": "user"}]
    settings.MIDDLEWARE = ["zeal.middleware.zeal_middleware", *settings.MIDDLEWARE]


class FlushPastTriggers(DatabaseWrapper.ops_class):
    """Transaction tests empty every table afterwards, and the append-only ones refuse that even to their owner.

    Only this flush steps past the triggers; they themselves are never weakened.
    """

    def sql_flush(self, *args, **kwargs):
        flush = super().sql_flush(*args, **kwargs)
        return ["SET LOCAL session_replication_role = replica", *flush] if flush else flush


@pytest.fixture(scope="session", autouse=True)
def flush_past_triggers():
    DatabaseWrapper.ops_class = FlushPastTriggers
    connection.ops = FlushPastTriggers(connection)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    settings.DATABASES["default"]["TEST"]["TEMPLATE"] = os.environ.get(TEMPLATE)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The lesser role exists in the test database as it does in production."""
    with django_db_blocker.unblock():
        call_command("grant_running_role", create=True, verbosity=0)


@pytest.fixture
def as_running_role(db):
    """Run what follows as the role that web and worker have."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE portal_app")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.fixture
def phones(settings, monkeypatch):
    """The texts that went out, in order: `phones.sent`."""
    settings.TEXT_BACKEND = f"{Phones.__module__}.Phones"
    monkeypatch.setattr(Phones, "sent", [])
    monkeypatch.setattr(Phones, "fails", {})
    return Phones
