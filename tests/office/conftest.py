import pytest
from django.test import Client

from tests.factories import ProgramFactory, admin
from tests.signing_in import sign_in


@pytest.fixture
def program(db):
    return ProgramFactory(name="Riverbend")


@pytest.fixture
def elsewhere(db):
    """A program that Ada does not run."""
    return ProgramFactory(name="Juniper")


@pytest.fixture
def ada(program):
    return admin(program, preferred_name="Ada", surname="Moss")


@pytest.fixture
def office(client, ada):
    """Ada's browser."""
    return sign_in(client, ada)


@pytest.fixture
def client_class():
    """For a second browser."""
    return Client
