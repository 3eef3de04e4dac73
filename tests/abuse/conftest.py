"""The same world as the access table's, for those who try what no page offers."""

import pytest

from tests.asking import Doorstep
from tests.once import once
from tests.world import build_world


@pytest.fixture(scope="module")
def doorstep(django_db_setup, django_db_blocker):
    with once(django_db_blocker, lambda: Doorstep(build_world())) as doorstep:
        yield doorstep
