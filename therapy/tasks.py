"""Work without anybody waiting for it."""

from celery import shared_task
from django.utils import timezone

from therapy import asking, first_contact, plan_reviews, unanswered


@shared_task(name="therapy.watch_messages")
def watch_messages() -> None:
    unanswered.watch_messages(now=timezone.now())


@shared_task(name="therapy.ask_due")
def ask_due() -> None:
    asking.ask_due(now=timezone.now())


@shared_task(name="therapy.owe_plan_reviews")
def owe_plan_reviews() -> None:
    plan_reviews.owe_reviews(now=timezone.now())


@shared_task(name="therapy.forget_contacts")
def forget_contacts() -> None:
    first_contact.forget_contacts(now=timezone.now())
