"""Whatever part of the demo is killed, the rest ends by itself and the next start is clean."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from iop_portal import local_services

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One set of kept data for all starts: each has to cope with what the one before it left."""
    folder = tmp_path_factory.mktemp("kept")
    yield folder
    local_services.forget(folder)


@contextlib.contextmanager
def demo(kept):
    """The running demo: its address, and its supervisor below a shell that stands for make."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", local_services.MARK}}
    environment |= {
        "PORT": str(port),
        "PORTAL_ENV": "development",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    supervisor = [sys.executable, "-m", "iop_portal.local_services", "run", "--with-parent", "--keep", str(kept), "--"]
    with subprocess.Popen(
        ["sh", "-c", '"$@"; true', "make", *supervisor, sys.executable, "-m", "iop_portal.demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as make:
        said = []
        for line in make.stdout:
            said.append(line)
            if line.startswith("The portal is open at"):
                break
        else:
            pytest.fail("".join(said))
        try:
            yield f"http://127.0.0.1:{port}", make
        finally:
            make.kill()


def processes(kept):
    """Pid to command line of everything that belongs to this demo."""
    folder = local_services.kept_folder(kept)
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if local_services.belongs(int(entry.name), folder) or f"--keep {kept}" in line:
                    found[int(entry.name)] = line
    return found


def one_of(kept, words):
    """The first process of its kind: a parent is older than its children."""
    return min(pid for pid, line in processes(kept).items() if words in line and not line.startswith("sh "))


def wait_for_end(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            assert poll.poll(40_000), f"process {pid} lives on: {Path(f'/proc/{pid}/cmdline').read_bytes()}"
            os.close(handle)


PARTS = {
    "supervisor": "iop_portal.local_services run",
    "honcho": "-m honcho start",
    "web": "iop_portal.wsgi",
    "worker": "celery worker",
    "beat": "celery beat",
    "postgres": "bin/postgres -D",
    "redis": "redis-server",
}


@pytest.mark.parametrize("part", ["make", *PARTS, "nothing, but Ctrl-C"])
def test_when_a_part_is_killed_the_rest_ends_and_the_next_start_is_clean(kept, part):
    with demo(kept) as (address, make):
        with urlopen(f"{address}/livez", timeout=20) as answer:
            assert answer.status == 200
        started = processes(kept)
        if part == "make":
            make.kill()
        elif part in PARTS:
            os.kill(one_of(kept, PARTS[part]), signal.SIGKILL)
        else:
            os.kill(one_of(kept, PARTS["supervisor"]), signal.SIGINT)
        wait_for_end(started)

    assert processes(kept) == {}
