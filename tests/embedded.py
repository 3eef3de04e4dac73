"""A pytest plugin, loaded before pytest-django reads the settings: real servers around the whole run.

The workers of xdist inherit the controller's addresses. Test databases are copies of a migrated one, unless the
environment names a server of its own.
"""

import os
from contextlib import ExitStack

import pytest

from iop_portal.local_services import Services, local_services
from tests.migrated import NAME, migrated_cluster

SERVICES = pytest.StashKey[Services]()
TEMPLATE = "PORTAL_TEST_TEMPLATE"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    os.environ.setdefault("PORTAL_ENV", "test")
    if "PYTEST_XDIST_WORKER" in os.environ or early_config.known_args_namespace.help:
        return
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    seed = None if os.environ.get("DATABASE_URL") else migrated_cluster()
    services = stack.enter_context(local_services(seed=seed))
    os.environ.update(services.environment)
    if seed is not None:
        os.environ[TEMPLATE] = NAME
        early_config.add_cleanup(lambda: os.environ.pop(TEMPLATE))
    early_config.stash[SERVICES] = services
