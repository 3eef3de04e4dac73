"""What nobody sees to goes on, whichever worker dies or runs beside another."""

import json
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from iop_portal.followups.models import FollowUp, Heartbeat
from iop_portal.notices.models import Notice
from tests.faults.conftest import all_sent
from tests.patience import until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def test_two_watches_at_once_pass_each_follow_up_on_once(staff, owe, mail_server, capsys):
    owe(50)
    Notice.objects.all().delete()
    FollowUp.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    staff.worker()
    staff.worker()
    begun = time.monotonic()
    for _ in range(4):
        staff.escalate_now()
    until(lambda: not FollowUp.objects.filter(escalated_at=None).exists(), within=30)
    until(lambda: Heartbeat.objects.filter(name="escalation").exists(), within=30)
    passed_on = time.monotonic() - begun
    staff.deliver_now()
    until(all_sent, within=30)

    assert set(FollowUp.objects.values_list("escalations", flat=True)) == {1}
    assert len(mail_server.received) == Notice.objects.count() == 50
    told = {"fault": "two watches", "follow_ups": 50, "lost": 0, "duplicates": 0, "recover_s": round(passed_on, 1)}
    with capsys.disabled():
        print("\n" + json.dumps(told))
