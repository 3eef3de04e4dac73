"""What somebody finds under "More"."""

import pytest
from django.test import Client
from django.urls import reverse

from iop_portal.home.more import PARTS, at_hand_of, parts_for
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from tests.asking import text_of
from tests.factories import NOON, enrolled
from tests.signing_in import sign_in
from therapy.library import mark_text
from therapy.models import LibraryText
from therapy.practices import practices
from therapy.sittings import pin

pytestmark = pytest.mark.django_db
LINES = [line for part in PARTS for line in part.lines]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.view)
def test_each_line_leads_to_a_page_that_opens(line):
    assert sign_in(Client(), enrolled()).get(line.url, follow=True).status_code == 200


def test_a_client_finds_all_of_it():
    page = sign_in(Client(), enrolled()).get(reverse("home:more"))

    assert [str(line.title) for line in LINES if str(line.title) not in text_of(page)] == []


def test_what_somebody_keeps_at_hand_stands_first_and_is_theirs_alone(client):
    maya = enrolled()
    program = maya.enrolments.get().program
    texts = [
        LibraryText.objects.create(program=program, topic="body", title=f"Text {at}", in_short="Short.", words="Sleep.")
        for at in range(5)
    ]
    for text in texts:
        mark_text(text, kept=True, by=maya, now=NOON)
    mark_text(texts[4], kept=False, by=maya, now=NOON)
    mark_text(texts[0], read=True, by=maya, now=NOON)
    LibraryText.objects.filter(pk=texts[3].pk).update(in_use=False)
    pin(practices()["wave"], by=maya, now=NOON)
    assert [(one.title, one.text, one.url) for one in at_hand_of(maya)] == [
        ("Watching an urge", "10, 15 or 20 minutes", reverse("therapy:mindful", args=["wave"])),
        *((f"Text {at}", "1 minute to read", reverse("therapy:library_text", args=[texts[at].pk])) for at in (2, 1, 0)),
    ]
    page = sign_in(client, maya)
    assert {page.get(one.url).status_code for one in at_hand_of(maya)} == {200}
    assert "What you keep at hand" in text_of(page.get(reverse("home:more")))
    ben = enrolled(program)
    assert at_hand_of(ben) == []
    assert "What you keep at hand" not in text_of(sign_in(client, ben).get(reverse("home:more")))


def test_who_has_left_the_program_plans_no_week_around_it():
    person = User(preferred_name="Sam")
    person.roles = frozenset({Role.ALUM})

    views = [line.view for part in parts_for(person) for line in part.lines]

    assert "scheduling:own_times" not in views
    assert {"home:choices", "home:opened", "scheduling:staying_connected"} <= set(views)
