"""A pytest plugin, loaded before pytest-django reads the settings: real servers around the whole run.

The workers of xdist inherit the controller's addresses.
"""

import os
from contextlib import ExitStack

import pytest

from iop_portal.local_services import Services, local_services

SERVICES = pytest.StashKey[Services]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    os.environ.setdefault("PORTAL_ENV", "test")
    if "PYTEST_XDIST_WORKER" in os.environ or early_config.known_args_namespace.help:
        return
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    services = stack.enter_context(local_services())
    os.environ.update(services.environment)
    early_config.stash[SERVICES] = services
