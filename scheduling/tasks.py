"""Work without anybody waiting for it."""

from celery import shared_task
from django.utils import timezone

from scheduling import joining, own_calendars, waiting


@shared_task(name="scheduling.tidy_whereabouts")
def tidy_whereabouts() -> None:
    joining.tidy_whereabouts(now=timezone.now())


@shared_task(name="scheduling.offer_free_places")
def offer_free_places() -> None:
    waiting.offer_free_places(now=timezone.now())


@shared_task(name="scheduling.read_own_calendars")
def read_own_calendars() -> None:
    own_calendars.read_due_calendars(now=timezone.now())
