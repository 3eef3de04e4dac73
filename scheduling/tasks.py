"""Work without anybody waiting for it."""

from celery import shared_task
from django.utils import timezone

from scheduling import joining


@shared_task(name="scheduling.tidy_whereabouts")
def tidy_whereabouts() -> None:
    joining.tidy_whereabouts(now=timezone.now())
