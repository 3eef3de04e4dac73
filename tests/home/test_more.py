"""What somebody finds under "More"."""

import pytest
from django.test import Client
from django.urls import reverse

from iop_portal.home.more import PARTS, parts_for
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from tests.asking import text_of
from tests.factories import enrolled
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db
LINES = [line for part in PARTS for line in part.lines]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.view)
def test_each_line_leads_to_a_page_that_opens(line):
    assert sign_in(Client(), enrolled()).get(line.url, follow=True).status_code == 200


def test_a_client_finds_all_of_it():
    page = sign_in(Client(), enrolled()).get(reverse("home:more"))

    assert [str(line.title) for line in LINES if str(line.title) not in text_of(page)] == []


def test_who_has_left_the_program_plans_no_week_around_it():
    person = User(preferred_name="Sam")
    person.roles = frozenset({Role.ALUM})

    views = [line.view for part in parts_for(person) for line in part.lines]

    assert "scheduling:own_times" not in views
    assert {"home:choices", "home:opened", "scheduling:staying_connected"} <= set(views)
