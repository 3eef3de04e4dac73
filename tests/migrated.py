"""One migrated database, of which every test database is a copy.

Migrating takes longer than most tests together. So it is done once for as long as the migrations stay as they are: the
data of a server that has done it is kept beside the servers' programs, under a name that all it came from goes into.
What Django does after migrating, it does in each copy anew.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import psycopg2

from iop_portal import local_services
from iop_portal.local_services import CannotServe

NAME = "migrated"
ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_KEEP = 86_400


def fingerprint(root: Path = ROOT) -> str:
    """Of the migrations, ours and those of the libraries, and of how they are brought about."""
    own = [path for depth in ("*", "*/*") for path in sorted(root.glob(f"{depth}/migrations/*.py"))]
    bringing_about = [root / "requirements-dev.lock", root / "iop_portal/local_services.py", Path(__file__)]
    digest = sha256()
    for path in own + bringing_about:
        digest.update(f"{path.name}\0{sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()[:16]


def seed() -> Path | None:
    """What a server of our own begins with. Where the environment names another one, that is as it is."""
    return None if os.environ.get("DATABASE_URL") else migrated_cluster()


def migrated_cluster() -> Path:
    """The data of a server with the migrated database."""
    place = local_services.home() / f"migrated-{fingerprint()}"
    if not place.exists():
        migrate_into(place)
    with local_services.locked(local_services.home(), wait=True):
        os.utime(place)
        for other in local_services.home().glob("migrated-*"):
            if other.stat().st_mtime < time.time() - SECONDS_TO_KEEP:
                shutil.rmtree(other)
    return place


def migrate_into(place: Path) -> None:
    """Kept only when whole. If somebody else was quicker, theirs is as good."""
    with local_services.local_services(environment={}) as services:
        address = services.database_url.replace("/portal?", f"/{NAME}?")
        execute(services.database_url, f"CREATE DATABASE {NAME}")
        migrating = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=ROOT,
            env={**os.environ, **services.environment, "DATABASE_URL": address, "PORTAL_ENV": "test"},
            capture_output=True,
            text=True,
        )
        if migrating.returncode:
            raise CannotServe(f"The migrations fail:\n{migrating.stderr}")
        execute(services.database_url, f"ALTER DATABASE {NAME} IS_TEMPLATE true ALLOW_CONNECTIONS false")
        services.postgres.stop_signal = signal.SIGINT  # with everything written down
        services.postgres.stop()
        with local_services.locked(local_services.home(), wait=True):
            unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=local_services.home())) / "cluster"
            local_services.copy_cluster(services.folder / "postgres", unfinished)
            if not place.exists():
                unfinished.rename(place)
            shutil.rmtree(unfinished.parent)


def execute(address: str, sql: str) -> None:
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(sql)


if __name__ == "__main__":
    seed()
