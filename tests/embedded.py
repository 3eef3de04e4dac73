"""A pytest plugin, loaded before pytest-django reads the settings: real servers around the whole run.

The workers of xdist inherit the controller's addresses. Test databases are copies of a migrated one, unless the
environment names a server of its own.
"""

import os
from contextlib import ExitStack

import pytest

from iop_portal.local_services import Services, local_services
from tests.migrated import NAME, seed

SERVICES = pytest.StashKey[Services]()
TEMPLATE = "PORTAL_TEST_TEMPLATE"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    os.environ.setdefault("PORTAL_ENV", "test")
    if "PYTEST_XDIST_WORKER" in os.environ or early_config.known_args_namespace.help:
        return
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    cluster = seed()
    services = stack.enter_context(local_services(seed=cluster))
    os.environ.update(services.environment)
    if cluster is not None:
        os.environ[TEMPLATE] = NAME
        early_config.add_cleanup(lambda: os.environ.pop(TEMPLATE))
    early_config.stash[SERVICES] = services
