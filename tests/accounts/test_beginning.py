"""How a fresh portal begins."""

import re

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from iop_portal.accounts.models import Invitation
from iop_portal.audit.models import Entry
from iop_portal.notices.delivery import deliver_owed
from iop_portal.people.models import Program, User
from iop_portal.people.roles import Role
from tests.accounts.test_invitation_pages import FORM, PAGE
from tests.factories import ProgramFactory

pytestmark = pytest.mark.django_db


def links():
    mail.outbox.clear()
    deliver_owed()
    return [re.search(r"http\S+?(/invitation/\S+)", letter.body)[1] for letter in mail.outbox]


def test_whoever_runs_the_machine_invites_the_first_admin_of_a_program_that_is_opened_for_it(client, capsys):
    call_command("invite_admin", "First@Portal.test", program="Harbor House", phone="+1 555 0100")

    assert "A link is on its way" in capsys.readouterr().out
    (link,) = links()
    client.get(link)
    client.post(PAGE, FORM)
    user = User.objects.get(email="first@portal.test")
    assert user.roles == {Role.ADMIN}
    assert Program.objects.visible_to(user).get().name == "Harbor House"
    assert Entry.objects.filter(verb="program.opened", actor=None).count() == 1


def test_asked_again_it_sends_a_new_link_and_the_old_one_dies(client, capsys):
    ProgramFactory(name="harbor house")
    for _ in range(2):
        call_command("invite_admin", "first@portal.test", program="Harbor House")

    assert len(links()) == 1
    assert Invitation.objects.filter(withdrawn_at=None).count() == 1
    assert Program.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody", "phone": "1"},
        {"zone": "Mars/Olympus", "phone": "1"},
        {"program": "Two\nlines", "phone": "1"},
        {"phone": ""},
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_and_nothing_is_made(wrong):
    wrong = dict(wrong)
    with pytest.raises(CommandError) as said:
        call_command("invite_admin", wrong.pop("email", "first@portal.test"), **{"program": "Harbor House", **wrong})

    assert str(said.value).endswith((".", "--phone."))
    assert not Program.objects.exists()
    assert not Invitation.objects.exists()
