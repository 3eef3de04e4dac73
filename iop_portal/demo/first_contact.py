"""What anybody may read about the program, and who asked to be called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from uuid import uuid4

from iop_portal.people.models import Program, User
from therapy.first_contact import (
    Asked,
    PageDetails,
    answer_contact,
    ask_to_be_called,
    change_page,
    page_of,
    page_version,
)
from therapy.models import FirstContact

RIVERBEND = PageDetails(
    published=True,
    what=(
        "Treatment for people who keep living at home. You come to us on three days a week, for about nine hours in "
        "all, in the morning, during the day or in the evening. The rest of the week is yours: work, school, family."
    ),
    whom=(
        "For people who want to drink or use less, or not at all, and for people whose moods have taken over. "
        "You need not be sure what it is. We find that out together, in the first conversation."
    ),
    week=(
        "Two groups on most days, an hour alone with your counsellor once a week, and something that you choose: art, "
        "mindfulness, a workshop. Your family may come to some of it, if you want that."
    ),
    cost="Most insurance covers it. Before you begin we tell you what is left to pay, and look for ways to pay it.",
)


def tell_first_contacts(program: Program, *, by: User, ago: Callable[[int, time], datetime]) -> None:
    """One was called back last week, one waits since this morning."""
    change_page(program, RIVERBEND, seen=page_version(page_of(program)), by=by, now=ago(300, time(9)))
    spoken = ask_to_be_called(program, Asked(name="Jude", phone="(212) 555-0171"), once=uuid4(), now=ago(8, time(20)))
    answer_contact(spoken, outcome=FirstContact.Outcome.NOT_NOW, by=by, now=ago(7, time(10)))
    ask_to_be_called(
        program,
        Asked(
            name="Robin",
            phone="(212) 555-0199",
            when=FirstContact.When.AFTERNOON,
            may_leave_message=True,
            words="My shift ends at two. Please ask for Robin.",
        ),
        once=uuid4(),
        now=ago(1, time(19)),
    )
