"""PostgreSQL or Redis stopped or frozen under a real server: a clear page, in time, and recovery without a restart."""

import json
import os
import subprocess
import sys

import pytest

from iop_portal.local_services import MARK, local_services
from tests.faults.visitor import ROOT, Visitor, portal, timed

pytestmark = pytest.mark.faults
# Longer than the portal waits for its database, shorter than gunicorn and most people do.
IN_TIME = 25


@pytest.fixture
def tell(capsys):
    """Print what was measured as one line."""

    def tell(fault, **seconds):
        with capsys.disabled():
            print("\n" + json.dumps({"fault": fault, **{name: round(took, 2) for name, took in seconds.items()}}))

    return tell


@pytest.fixture(scope="module")
def services():
    with local_services(environment={}) as services:
        yield services


@pytest.fixture(scope="module")
def address(services):
    """The portal as `make demo` serves it, on servers that may be harmed."""
    others = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAL_", "DATABASE_", "REDIS_"))}
    environment = {**others, **services.environment, MARK: str(services.folder), "PORTAL_DEMO": "1"}
    for command in (["migrate"], ["grant_running_role", "--create"], ["tell_story"]):
        subprocess.run(
            [sys.executable, "manage.py", *command, "--verbosity=0"], cwd=ROOT, env=environment, check=True, timeout=120
        )
    with portal(environment | {"DATABASE_ROLE": "portal_app"}) as address:
        yield address


@pytest.fixture(scope="module")
def maya(address):
    """Signed in once, before anything is stopped.

    The tests' PostgreSQL does not wait for its disk, so a stop forgets what was committed last: perhaps that a limit's
    lock was given back, and the next sign-in would be refused until the lock has run out.
    """
    visitor = Visitor(address)
    assert visitor.sign_in()[0] == 200
    assert "Maya" in visitor.get("/")[1]
    return visitor


def test_a_frozen_database_gives_a_page_in_time_and_service_when_it_thaws(services, maya, address, tell):
    services.postgres.freeze()
    try:
        (status, page), seconds = timed(lambda: maya.get("/"))
        assert (status, "988" in page) == (503, True)
        assert seconds < IN_TIME
        assert Visitor(address).get("/livez")[0] == 200
    finally:
        services.postgres.thaw()

    (status, page), until_back = timed(lambda: maya.get("/"))
    assert (status, "Maya" in page) == (200, True)
    assert until_back < IN_TIME
    tell("PostgreSQL frozen: a page", answered_s=seconds, recover_s=until_back)


def test_a_stopped_database_gives_a_page_at_once_and_service_when_it_is_back(services, maya, address, tell):
    services.postgres.stop()
    try:
        (status, page), seconds = timed(lambda: maya.get("/"))
        assert (status, "988" in page) == (503, True)
        assert seconds < IN_TIME
        status, words = Visitor(address).get("/readyz")
        assert (status, '"database": "away"' in words) == (503, True)
    finally:
        services.postgres.start()

    (_status, page), until_back = timed(lambda: maya.get("/"))
    assert "Maya" in page
    tell("PostgreSQL stopped: a page", answered_s=seconds, recover_s=until_back)


def test_help_opens_while_the_database_is_away(services, maya, address):
    services.postgres.stop()
    try:
        assert maya.get("/help/")[0] == 200
        assert Visitor(address).get("/help/")[0] == 200
    finally:
        services.postgres.start()


@pytest.mark.parametrize("harm", ["stop", "freeze"])
def test_people_sign_in_and_read_while_redis_is_away(services, address, harm, tell):
    getattr(services.redis, harm)()
    try:
        visitor = Visitor(address)
        (status, page), seconds = timed(visitor.sign_in)
        assert (status, "Maya" in page) == (200, True)
        assert seconds < 10
        assert visitor.get("/")[0] == 200
        tell(f"Redis away ({harm}): signing in", answered_s=seconds)
    finally:
        services.redis.start() if harm == "stop" else services.redis.thaw()
