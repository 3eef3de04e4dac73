from contextlib import contextmanager

import pytest

from iop_portal.demo.story import tell_story
from tests.once import once


@pytest.fixture(scope="session")
def story_told_at(django_db_setup, django_db_blocker):
    """The whole story at one moment, for the tests of one module; what each of them changes is taken back after it."""

    @contextmanager
    def telling(now):
        with once(django_db_blocker, lambda: tell_story(now=now)) as told:
            assert told is True
            yield

    return telling
