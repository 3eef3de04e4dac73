"""Work without anybody waiting for it."""

from celery import shared_task
from django.utils import timezone

from iop_portal.accounts import tidying


@shared_task(name="accounts.tidy_expired")
def tidy_expired() -> None:
    tidying.tidy_expired(now=timezone.now())
