"""Tell the demonstration's story, once; or, for benchmarks, a crowd of any size beside it."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from iop_portal.demo.bulk import tell_crowd
from iop_portal.demo.story import tell_story

MOST_CLIENTS, MOST_WEEKS, WEEKS = 20_000, 520, 20


def _from_one_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most:,}.")
        return int(text)

    return number


class Command(BaseCommand):
    help = "Fills an empty demonstration with people, sixteen weeks of history and four ahead. What was told is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=_from_one_to(MOST_CLIENTS), help="instead, a crowd of so many clients")
        parser.add_argument("--weeks", type=_from_one_to(MOST_WEEKS), help=f"weeks of the crowd, {WEEKS} as a rule")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PORTAL_DEMO:
            raise CommandError("PORTAL_DEMO is not set. The story is for demonstrations only.")
        clients, weeks = options["clients"], options["weeks"] or WEEKS
        if clients:
            program = tell_crowd(clients=clients, weeks=weeks, now=timezone.now())
            self.stdout.write(f"The crowd of {program} is there: {clients * weeks * 5:,} bookings.")
            return
        if options["weeks"]:
            raise CommandError("--weeks is for a crowd: say how many --clients it has.")
        told = tell_story(now=timezone.now())
        self.stdout.write("The story is told." if told else "The story was told before and is kept.")
