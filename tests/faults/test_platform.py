"""PostgreSQL or Redis stopped or frozen under a real server: a clear page, in time, and recovery without a restart."""

import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from iop_portal.local_services import MARK, local_services
from tests.patience import until

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
# Longer than the portal waits for its database, shorter than gunicorn and most people do.
IN_TIME = 25


class Visitor:
    """A browser without scripts: cookies, forms, and answers of any status."""

    def __init__(self, address):
        self.address = address
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path, data=None):
        request = urllib.request.Request(self.address + path, data, {"Referer": self.address + path})
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def post(self, path, **fields):
        page = self.get(path)[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        return self.get(path, urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode())

    def sign_in(self):
        return self.post("/account/login/", login="maya@portal.test", password="portal-demo")


@pytest.fixture(scope="module")
def services():
    with local_services(environment={}) as services:
        yield services


@pytest.fixture(scope="module")
def address(services):
    """The portal as `make demo` serves it, on servers that may be harmed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    others = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAL_", "DATABASE_", "REDIS_"))}
    environment = {
        **others,
        **services.environment,
        MARK: str(services.folder),
        "PORTAL_DEMO": "1",
        "PORT": str(port),
        "PORTAL_ORIGIN": f"http://127.0.0.1:{port}",
        "PORTAL_LOG_LEVEL": "ERROR",
    }
    for command in (["migrate"], ["grant_running_role", "--create"], ["tell_story"]):
        subprocess.run(
            [sys.executable, "manage.py", *command, "--verbosity=0"], cwd=ROOT, env=environment, check=True, timeout=120
        )
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:iop_portal.serving", "iop_portal.wsgi"],
        cwd=ROOT,
        env=environment | {"DATABASE_ROLE": "portal_app"},
    ) as server:
        until(lambda: answers(address), within=30)
        yield address
        server.terminate()


def answers(address):
    try:
        return Visitor(address).get("/livez")[0] == 200
    except OSError:
        return False


@pytest.fixture
def maya(address):
    visitor = Visitor(address)
    assert visitor.sign_in()[0] == 200
    assert "Maya" in visitor.get("/")[1]
    return visitor


def timed(action):
    started = time.monotonic()
    return action(), time.monotonic() - started


def test_a_frozen_database_gives_a_page_in_time_and_service_when_it_thaws(services, maya, address):
    services.postgres.freeze()
    try:
        (status, page), seconds = timed(lambda: maya.get("/"))
        assert (status, "988" in page) == (503, True)
        assert seconds < IN_TIME
        assert Visitor(address).get("/livez")[0] == 200
    finally:
        services.postgres.thaw()

    (status, page), seconds = timed(lambda: maya.get("/"))
    assert (status, "Maya" in page) == (200, True)
    assert seconds < IN_TIME


def test_a_stopped_database_gives_a_page_at_once_and_service_when_it_is_back(services, maya, address):
    services.postgres.stop()
    try:
        (status, page), seconds = timed(lambda: maya.get("/"))
        assert (status, "988" in page) == (503, True)
        assert seconds < IN_TIME
        status, words = Visitor(address).get("/readyz")
        assert (status, '"database": "away"' in words) == (503, True)
    finally:
        services.postgres.start()

    assert "Maya" in maya.get("/")[1]


def test_help_opens_while_the_database_is_away(services, maya, address):
    services.postgres.stop()
    try:
        assert maya.get("/help/")[0] == 200
        assert Visitor(address).get("/help/")[0] == 200
    finally:
        services.postgres.start()


@pytest.mark.parametrize("harm", ["stop", "freeze"])
def test_people_sign_in_and_read_while_redis_is_away(services, address, harm):
    getattr(services.redis, harm)()
    try:
        visitor = Visitor(address)
        (status, page), seconds = timed(visitor.sign_in)
        assert (status, "Maya" in page) == (200, True)
        assert seconds < 10
        assert visitor.get("/")[0] == 200
    finally:
        services.redis.start() if harm == "stop" else services.redis.thaw()
