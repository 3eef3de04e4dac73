"""The demo's start: prepare the database as its owner, then run the Procfile as the lesser role.

Runs inside `python -m iop_portal.local_services run`, see `make demo`. It becomes honcho in the end, so that there
is one process less to be killed; a child waits for the first answer and then says where to go.
"""

import os
import socket
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import django
from django.core.management import call_command

from iop_portal.demo.cast import PASSWORD, PERSONAS

HOST = "127.0.0.1"
# What people type: browsers keep no passkeys for a bare number.
NAME = "localhost"
SECONDS_TO_ANSWER = 60


def main(port: str) -> int:
    if not port.isdecimal() or not 0 < int(port) < 65536:
        print(f"PORT has to be a number from 1 to 65535, not {port}.", file=sys.stderr)
        return 1
    if is_taken(int(port)):
        print(f"Port {port} is in use. Choose another: make demo PORT={int(port) % 65535 + 1}", file=sys.stderr)
        return 1
    os.environ |= {
        "PORTAL_DEMO": "1",
        "PORT": port,
        "HOST": HOST,
        "PORTAL_ORIGIN": f"http://{NAME}:{port}",
        "DJANGO_SETTINGS_MODULE": "iop_portal.settings",
        "PORTAL_LOG_LEVEL": os.environ.get("PORTAL_LOG_LEVEL", "WARNING"),
    }
    Path(".local").mkdir(exist_ok=True)
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("grant_running_role", create=True, verbosity=0)
    call_command("tell_story")
    sys.stdout.flush()
    if os.fork() == 0:
        announce(int(port))
        os._exit(0)
    os.environ["DATABASE_ROLE"] = "portal_app"
    os.execv(sys.executable, [sys.executable, "-m", "honcho", "start"])  # noqa: S606


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def announce(port: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < deadline:
        try:
            with urlopen(f"http://{HOST}:{port}/livez", timeout=2):
                break
        except (URLError, OSError):
            time.sleep(0.2)
    else:
        return
    lines = [f"{persona.email:20} {persona.who}" for persona in PERSONAS]
    print("", f"The portal is open at http://{NAME}:{port}/", f"Password of all: {PASSWORD}", *lines, "", sep="\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(os.environ.get("PORT", "8000")))
