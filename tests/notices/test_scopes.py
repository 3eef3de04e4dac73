"""What somebody is told, and how, does not hang on what others are told and chose."""

from datetime import time

import pytest
from django.db.models import OuterRef
from django.urls import reverse

from iop_portal.notices import outbox, reach, texting, told
from iop_portal.notices.channels import Channel
from iop_portal.notices.models import Notice, PhoneCode
from iop_portal.people.models import User
from tests.factories import NOON, ProgramFactory, enrolled, texted
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def maya():
    return enrolled(preferred_name="Maya", surname="Tester")


@pytest.fixture
def ben(maya):
    return enrolled(maya.enrolments.get().program, preferred_name="Ben", surname="Other")


def owed(to, channel, **fields):
    return Notice.objects.create(
        to=to,
        kind="account_changed",
        about_type="audit.entry",
        about_id=1,
        channel=channel,
        owed_at=NOON,
        not_before=NOON,
        **fields,
    )


def test_texts_are_withdrawn_of_one_person(maya, ben):
    hers, his = owed(maya, Channel.TEXT), owed(ben, Channel.TEXT)
    outbox.withdraw_texts(maya, now=NOON)
    assert [Notice.objects.owed().filter(pk=one.pk).exists() for one in (hers, his)] == [False, True]


def test_wishes_are_one_s_own(maya, ben):
    reach.set_reach(ben, reach.Wanted(["portal"], ["portal"], [60], time(22), time(7)), now=NOON)
    assert reach.reach_of(maya) is None
    assert (reach.reached(maya, None).changes, reach.reached(ben, None).changes) == ("By e-mail", "Here in the portal")


def test_texts_go_to_who_asked_for_them(maya, ben):
    texted(ben)
    assert list(User.objects.filter(reach.may_be_texted(OuterRef("pk")))) == [ben]


def test_a_code_that_somebody_asks_for_leaves_those_of_others_good(maya, ben, phones):
    for person, number in ((ben, "+12125550142"), (maya, "+12125550143")):
        read = texting.fingerprint(texting.wording(person, phone=number))
        texting.ask_for_code(person, phone=number, signature=person.full_name, read=read, now=NOON)
    assert [code.person for code in PhoneCode.objects.filter(expires_at__gt=NOON).order_by("pk")] == [ben, maya]
    assert [notice.to for notice in Notice.objects.owed().order_by("pk")] == [ben, maya]


def test_what_was_told_is_told_to_one_person(maya, ben):
    hers, _his = (owed(who, Channel.PORTAL, state="sent", ended_at=NOON) for who in (maya, ben))
    mailed, _other = (owed(who, Channel.MAIL, state="sent", ended_at=NOON) for who in (maya, ben))
    assert (list(told.told_to(maya)), list(told.sent_to(maya))) == ([hers], [mailed])


def test_the_night_is_that_of_ones_own_program(client, maya):
    other = enrolled(ProgramFactory(quiet_from=time(23), quiet_until=time(5)))
    for person, words in ((maya, "from 9:00 pm until 8:00 am"), (other, "from 11:00 pm until 5:00 am")):
        assert words in sign_in(client, person).get(reverse("notices:reach")).content.decode()
