"""Tell the demonstration's story, once; or, for benchmarks, a crowd of any size beside it."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from iop_portal.demo.bulk import tell_crowd
from iop_portal.demo.story import tell_story


class Command(BaseCommand):
    help = "Fills an empty demonstration with people, sixteen weeks of history and four ahead. What was told is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, default=0, help="a crowd of so many clients, instead of the story")
        parser.add_argument("--weeks", type=int, default=20, help="over so many weeks, the last four of them ahead")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PORTAL_DEMO:
            raise CommandError("PORTAL_DEMO is not set. The story is for demonstrations only.")
        if options["clients"] > 0 and options["weeks"] > 0:
            program = tell_crowd(clients=options["clients"], weeks=options["weeks"], now=timezone.now())
            self.stdout.write(f"The crowd of {program} is there.")
            return
        told = tell_story(now=timezone.now())
        self.stdout.write("The story is told." if told else "The story was told before and is kept.")
