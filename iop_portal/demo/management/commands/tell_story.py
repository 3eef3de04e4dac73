"""Tell the demonstration's story, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from iop_portal.demo.story import tell_story


class Command(BaseCommand):
    help = "Fills an empty demonstration with people and five weeks of history. A story that was told is kept."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PORTAL_DEMO:
            raise CommandError("PORTAL_DEMO is not set. The story is for demonstrations only.")
        told = tell_story(now=timezone.now())
        self.stdout.write("The story is told." if told else "The story was told before and is kept.")
