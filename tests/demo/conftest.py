from contextlib import contextmanager

import pytest
from django.db import transaction

from iop_portal.demo.story import tell_story


@pytest.fixture(scope="session")
def story_told_at(django_db_setup, django_db_blocker):
    """The whole story at one moment, for the tests of one module; what each of them changes is taken back after it."""

    @contextmanager
    def telling(now):
        with django_db_blocker.unblock(), transaction.atomic():
            assert tell_story(now=now) is True
            yield
            transaction.set_rollback(True)

    return telling
