"""Somebody at a real server."""

import http.cookiejar
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL

from iop_portal.local_services import tied_to_us
from tests.patience import until

ROOT = Path(__file__).resolve().parents[2]


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

    def sign_in(self, email="maya@portal.test"):
        return self.post("/account/login/", login=email, password="portal-demo")


@contextmanager
def portal(environment):
    """The portal as it is served: its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:iop_portal.serving", "iop_portal.wsgi"],
        cwd=ROOT,
        env={"PORTAL_LOG_LEVEL": "ERROR", **environment, "PORT": str(port), "PORTAL_ORIGIN": address},
        preexec_fn=tied_to_us(SIGKILL),
    ) as server:
        try:
            until(lambda: answers(address), within=60)
            yield address
        finally:
            server.terminate()


def answers(address):
    try:
        return Visitor(address).get("/livez")[0] == 200
    except OSError:
        return False


def timed(action):
    """What it answered, and the seconds it took."""
    started = time.monotonic()
    return action(), time.monotonic() - started
