from celery import shared_task
from django.utils import timezone

from iop_portal.followups import dead_letters, escalation


@shared_task(name="followups.escalate_overdue")
def escalate_overdue() -> None:
    dead_letters.watch_dead_letters(now=timezone.now())
    escalation.escalate_overdue(now=timezone.now())
    escalation.beat(now=timezone.now())
