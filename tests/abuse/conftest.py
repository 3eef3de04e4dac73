"""The same world as the access table's, for those who try what no page offers."""

import pytest
from django.db import transaction

from tests.asking import Doorstep
from tests.world import build_world


@pytest.fixture(scope="module")
def doorstep(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield Doorstep(build_world())
        transaction.set_rollback(True)
