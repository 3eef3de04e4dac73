"""Real workers, beats, Redis and mail, on the test's own database."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from signal import SIGKILL
from urllib.parse import quote

import kombu.pools
import pytest
from celery import Celery
from django.db import connection
from django.utils import timezone

from iop_portal.followups.owing import owe_follow_up
from iop_portal.local_services import local_services, tied_to_us
from iop_portal.notices.models import Notice
from iop_portal.people.models import BrokenGlass, RoleHeld
from iop_portal.people.roles import Role
from iop_portal.refusals import Refused
from tests.embedded import SERVICES
from tests.factories import ProgramFactory, UserFactory
from tests.faults.racing import ROUNDS, WITHIN, at_once
from tests.faults.smtp import MailServer
from tests.patience import until

ROOT = Path(__file__).resolve().parents[2]
CELERY = ["--quiet", "--app", "iop_portal.celery"]
# Celery as it is, but for what time it believes it is.
BY_ANOTHER_CLOCK = """
import sys, time, time_machine
time_machine.travel(time.time() + float(sys.argv.pop(1)), tick=True).start()
from celery.__main__ import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def own_services():
    with local_services(environment={"DATABASE_URL": os.environ["DATABASE_URL"]}) as services:
        yield services


@pytest.fixture
def redis(own_services):
    """A Redis of our own, to stop and empty."""
    yield own_services.redis
    if own_services.redis.process is None:
        own_services.redis.start()


@pytest.fixture
def postgres(pytestconfig):
    """The PostgreSQL of the tests themselves, to freeze: it thaws before anybody tidies up."""
    services = pytestconfig.stash.get(SERVICES, None)
    if services is None or services.postgres is None:
        pytest.skip("PostgreSQL is not ours to freeze")
    yield services.postgres
    services.postgres.thaw()


@pytest.fixture
def mail_server():
    server = MailServer()
    yield server
    server.stop()


class Staff:
    """Starts workers and beats as the Procfile does, and ends them."""

    def __init__(self, environment, folder):
        self.environment = environment
        self.folder = folder
        self.processes = []
        # Seconds by which the clocks of those who start from now on are wrong.
        self.clock_off = 0
        # Lines to a Redis that an earlier test stopped are dead.
        kombu.pools.reset()
        self.app = Celery(broker=environment["REDIS_URL"], set_as_current=False)

    def start(self, *command):
        celery = ["-c", BY_ANOTHER_CLOCK, str(self.clock_off)] if self.clock_off else ["-m", "celery"]
        log = self.folder / f"{len(self.processes)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *celery, *CELERY, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=tied_to_us(SIGKILL),
            )
        process.log = log
        self.processes.append(process)
        return process

    def worker(self, pool="solo"):
        """Without children (solo), or with one that does the work (prefork). It takes tasks when this returns."""
        name = f"w{len(self.processes)}@here"
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        process = self.start("worker", "--pool", pool, "--concurrency", "1", "--hostname", name, *quiet)
        until(lambda: process.poll() is not None or self.app.control.ping([name], timeout=0.3), within=60)
        assert process.poll() is None, process.log.read_text()
        return process

    def beat(self):
        """Beats every ten seconds, as in production: the first comes after ten."""
        return self.start("beat", "--schedule", str(self.folder / f"beat{len(self.processes)}"), "--pidfile=")

    def tasks_taken(self):
        """How many left the queue again, whatever became of them."""
        with self.app.connection_for_write() as line:
            client = line.default_channel.client
            pushed = client.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"]
            return pushed - client.llen("celery")

    def deliver_now(self):
        self.app.send_task("notices.deliver_owed")

    def escalate_now(self):
        self.app.send_task("followups.escalate_overdue")

    def stop(self):
        """As a new version does: what is begun is ended, and nothing else is taken up."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)

    def end(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.app.close()

    def words(self):
        """Everything that was logged."""
        return "\n".join(process.log.read_text() for process in self.processes)


@pytest.fixture
def staff(transactional_db, own_services, redis, mail_server, tmp_path):
    place = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{place['USER']}@/{place['NAME']}?host={quote(place['HOST'])}",
        "REDIS_URL": own_services.redis_url,
        "EMAIL_URL": mail_server.url,
        "PORTAL_ENV": "test",
    }
    staff = Staff(environment, tmp_path)
    yield staff
    staff.end()
    # Whatever went wrong, nobody is named.
    assert "@portal.test" not in staff.words()


@pytest.fixture
def owe(transactional_db):
    """Write to so many people that something waits for them, as a page would: their addresses."""
    program = ProgramFactory(awake=True)

    def owe(count):
        people = UserFactory.create_batch(count)
        RoleHeld.objects.bulk_create(RoleHeld(user=person, program=program, role=Role.ADMIN) for person in people)
        for person in people:
            about = BrokenGlass(pk=person.pk)
            owe_follow_up("glass_review", about=about, program=program, owner=person, by=None, now=timezone.now())
        return [person.email for person in people]

    return owe


def states():
    return sorted(set(Notice.objects.values_list("state", flat=True)))


def all_sent():
    """Every notice is marked as sent."""
    return states() == ["sent"]


@pytest.fixture
def figures(capsys, mail_server, request):
    """Count what became of the mail, and print it as one line."""
    begun = time.monotonic()

    def figures(fault, addresses, *, recover_s, **more):
        received = [mail for mail in mail_server.received if mail.to in addresses]
        owed = dict(Notice.objects.values_list("to__email", "owed_at"))
        late = sorted(mail.at - owed[mail.to].timestamp() for mail in received)
        counted = {
            "fault": fault,
            "messages": len(addresses),
            "lost": len(set(addresses) - {mail.to for mail in received}),
            "duplicates": len(received) - len({mail.to for mail in received}),
            "late_p99_s": round(late[int(len(late) * 0.99)], 1) if late else None,
            "recover_s": round(recover_s, 1),
            **more,
            "test_s": round(time.monotonic() - begun, 1),
        }
        with capsys.disabled():
            print("\n" + json.dumps(counted))
        return counted

    return figures


@pytest.fixture
def rounds(capsys):
    """Play it so often; `prepare(n)` gives the acts of a round."""

    def rounds(name, prepare, *, winners, losers, within=WITHIN):
        worst = 0.0
        for number in range(ROUNDS):
            done = at_once(prepare(number))
            lost = [outcome for outcome, _took in done if isinstance(outcome, (Refused, str))]
            assert len(done) - len(lost) == winners
            assert {type(one) if isinstance(one, Refused) else one for one in lost} <= losers
            worst = max(worst, *(took for _outcome, took in done))
        told = {"name": name, "rounds": ROUNDS, "worst_seconds": round(worst, 3), "ok": worst < within}
        with capsys.disabled():
            print("\n" + json.dumps(told))
        assert worst < within

    return rounds
