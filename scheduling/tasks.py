"""Work without anybody waiting for it."""

from celery import shared_task
from django.utils import timezone

from scheduling import assigning, joining, making, matching, own_calendars, reminders, rosters, taking_part, waiting


@shared_task(name="scheduling.tidy_whereabouts")
def tidy_whereabouts() -> None:
    joining.tidy_whereabouts(now=timezone.now())


@shared_task(name="scheduling.forget_match_answers")
def forget_match_answers() -> None:
    matching.forget_old_answers(now=timezone.now())


@shared_task(name="scheduling.offer_free_places")
def offer_free_places() -> None:
    waiting.offer_free_places(now=timezone.now())


@shared_task(name="scheduling.read_own_calendars")
def read_own_calendars() -> None:
    own_calendars.read_due_calendars(now=timezone.now())


@shared_task(name="scheduling.make_sessions")
def make_sessions() -> None:
    """What is made is booked for those whose track or course has it. Each may be cut short: the next night goes on."""
    now = timezone.now()
    making.make_due(now=now)
    assigning.assign_everybody(now=now)
    taking_part.book_courses(now=now)


@shared_task(name="scheduling.owe_reminders")
def owe_reminders() -> None:
    reminders.owe_reminders(now=timezone.now())


@shared_task(name="scheduling.watch_rosters")
def watch_rosters() -> None:
    rosters.watch_rosters(now=timezone.now())
