"""How a fresh portal begins: whoever runs the machine invites the first admin."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from iop_portal.accounts.beginning import invite_admin
from iop_portal.accounts.programs import ProgramDetails
from iop_portal.people.models import known_zone, plain_line
from iop_portal.refusals import Refused


class Command(BaseCommand):
    help = "Invite an admin by e-mail, and open their program if there is none of that name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the address that the link goes to")
        parser.add_argument("--program", required=True, help="the program's name; no mail says it")
        parser.add_argument("--name", default="Admin", help="what the admin is called (default: %(default)s)")
        parser.add_argument("--sender", default="Portal", help="the neutral name in mails (default: %(default)s)")
        parser.add_argument("--zone", default="America/New_York", help="the time zone (default: %(default)s)")
        parser.add_argument("--phone", default="", help="the number that people call; needed for a new program")

    def handle(self, *args: Any, email: str, program: str, name: str, **options: Any) -> None:
        details = ProgramDetails(name=program, sender=options["sender"], zone=options["zone"], phone=options["phone"])
        try:
            validate_email(email)
            known_zone(details.zone)
            for text in (program, name, details.sender, details.phone):
                plain_line(text)
            invitation = invite_admin(email, preferred_name=name, details=details, now=timezone.now())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"A link is on its way, as soon as the worker runs. It works until {invitation.expires_at:%c} UTC."
        )
