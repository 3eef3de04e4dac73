"""A kept migrated database is used only as long as it is what the migrations would make."""

import os

import pytest
from django.db import connection

from tests.embedded import TEMPLATE
from tests.migrated import fingerprint


@pytest.fixture
def root(tmp_path):
    for name in ("requirements-dev.lock", "iop_portal/local_services.py", "therapy/migrations/0001_initial.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "therapy/migrations/0001_initial.py",
        "therapy/migrations/0002_more.py",
        "iop_portal/people/migrations/0001_initial.py",
        "requirements-dev.lock",
    ],
)
def test_another_migration_makes_another_database(root, name):
    before = fingerprint(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("as it is now")
    assert fingerprint(root) != before


def test_a_migration_by_another_name_makes_another_database(root):
    before = fingerprint(root)
    (root / "therapy/migrations/0001_initial.py").rename(root / "therapy/migrations/0002_initial.py")
    assert fingerprint(root) != before


def test_what_does_not_migrate_makes_no_other_database(root):
    before = fingerprint(root)
    (root / "therapy/models.py").write_text("a method more")
    assert fingerprint(root) == before


@pytest.mark.skipif(TEMPLATE not in os.environ, reason="the server is one of somebody's own")
def test_nothing_can_come_into_the_database_that_is_copied(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT datistemplate, datallowconn FROM pg_database WHERE datname = %s", [os.environ[TEMPLATE]])
        assert cursor.fetchall() == [(True, False)]
