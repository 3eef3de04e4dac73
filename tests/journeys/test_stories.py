"""The stories that the portal is there for, each from the first click to what others see of it, with scripts and
without them."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from iop_portal.consents.models import Consent
from iop_portal.followups.models import FollowUp
from iop_portal.notices.delivery import deliver_owed
from iop_portal.people.models import BrokenGlass, Enrolment, Program, User
from iop_portal.people.roles import Role
from tests.accounts.people import PASSWORD, code_now, half_a_minute, owner_of
from tests.factories import ProgramFactory, admin, clinician, enrolled, held, on_care_team

pytestmark = pytest.mark.journey


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def enter(open_window, request):
    """A window for one person, who is signed in already."""

    def window_of(person=None):
        window = open_window(java_script_enabled=request.param)
        if person is not None:
            window.sign_in(person)
        window.go("/")
        return window

    return window_of


@pytest.fixture
def program():
    return ProgramFactory(name="Harbor House", sender="The Harbor")


def sign_out(page):
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()


def test_from_an_invitation_to_signing_in_with_a_second_step(enter, program, server):
    office, amara = admin(program), clinician(program, preferred_name="Amara")
    page = enter(office).page
    page.goto(server + reverse("office:invitations", args=[program.pk]))
    page.get_by_role("link", name=re.compile("client", re.IGNORECASE)).first.click()
    page.get_by_label("E-mail address").fill("maya@portal.test")
    page.get_by_label("First name").fill("Maya")
    page.get_by_label("Last name").fill("Tester")
    page.get_by_label("Admitted.").check()
    page.get_by_label("Primary counsellor").select_option(label=amara.full_name)
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text("The invitation is on its way.").wait_for()
    page.get_by_text("maya@portal.test", exact=True).first.wait_for()

    assert mail.outbox == []
    deliver_owed()
    (letter,) = mail.outbox
    assert letter.to == ["maya@portal.test"]
    assert not re.search(r"harbor house|treatment|program|therapy|recovery", f"{letter.subject} {letter.body}", re.I)

    page = enter().page
    page.goto(re.search(r"http\S+/invitation/\S+", letter.body)[0])
    assert page.get_by_label("Name we call you").input_value() == "Maya"
    page.get_by_label("Password").fill("a river before noon")
    page.get_by_role("button", name="Open my account").click()
    page.get_by_role("link", name="Use an app").click()
    secret = page.locator("code.key").inner_text()
    with half_a_minute():
        page.get_by_label("Code").fill(code_now(secret))
        page.get_by_role("button", name="Use this app").click()
        page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("heading", level=1, name=re.compile("Maya")).wait_for()

    sign_out(page)
    page.get_by_label("E-mail address").fill("maya@portal.test")
    page.get_by_label("Password").fill("a river before noon")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Your second step").wait_for()
    # A code is good once; the app shows the next one half a minute later.
    with half_a_minute(after=1):
        page.get_by_label("Code").fill(code_now(secret))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", level=1, name=re.compile("Maya")).wait_for()

    maya = User.objects.get(email="maya@portal.test")
    assert maya.roles == {Role.CLIENT}
    assert maya.enrolments.get().state == Enrolment.State.ADMITTED
    told = [
        (entry.verb, entry.actor)
        for entry in Entry.objects.exclude(verb__endswith=".listed").select_related("actor").order_by("pk")
    ]
    steps = ["account.opened", "invitation.accepted", "account.authenticator_added", "account.signed_out"]
    assert ("invitation.made", office) in told
    assert [verb for verb, actor in told if actor == maya and verb in steps] == steps


def test_a_client_gives_a_permission_and_takes_it_back(enter, program, server):
    maya = enrolled(program, preferred_name="Maya", surname="Tester")
    rosa = owner_of(held(Role.FAMILY, program, preferred_name="Rosa", email="rosa@portal.test"))
    hers, theirs = enter(maya).page, enter(rosa).page
    assert "Maya" not in theirs.inner_text("main")

    hers.goto(server + reverse("home:permissions"))
    hers.get_by_role("link", name="Give a permission").first.click()
    hers.get_by_label("What is their name?").fill("Rosa")
    hers.get_by_label("Their e-mail address").fill("rosa@portal.test")
    hers.get_by_role("button", name="Go on").click()
    hers.get_by_role("radio", name="When I have appointments").check()
    hers.get_by_role("button", name="Go on").click()
    hers.get_by_role("button", name="Go on").click()
    hers.get_by_role("button", name="Go on").click()
    hers.get_by_label("Your name").fill("Maya Tester")
    hers.get_by_role("button", name="Sign", exact=True).click()
    hers.get_by_text("You gave this permission.").wait_for()
    assert Consent.objects.live(timezone.now()).get().recipient == rosa
    theirs.reload()
    assert "Maya" in theirs.inner_text("main")

    hers.get_by_role("link", name="Withdraw").click()
    hers.get_by_role("button", name="Withdraw it").click()
    hers.get_by_text("Withdrawn.").wait_for()
    theirs.reload()
    assert "Maya" not in theirs.inner_text("main")


def test_a_clinician_breaks_the_glass_and_answers_for_it(enter, program, server):
    maya = owner_of(enrolled(program, preferred_name="Maya", surname="Tester", email="maya@portal.test"))
    on_care_team(clinician(program), maya, part="primary")
    lena, office = clinician(program, preferred_name="Lena", surname="Okafor"), admin(program)
    record = reverse("home:client", args=[maya.pk])

    window = enter(lena)
    window.bears("status of 404")
    page = window.page
    assert page.goto(server + record).status == 404
    page.goto(server + reverse("accounts:break_glass"))
    page.get_by_label("The client’s e-mail address").fill("maya@portal.test")
    page.get_by_label("Why you need their record now").fill("She rang the office, and her counsellor is away today.")
    page.get_by_role("button", name="Open the record").click()
    page.get_by_role("heading", level=1, name=re.compile("Maya")).wait_for()

    hers = enter(maya).page
    hers.goto(server + reverse("home:opened"))
    assert "Lena" in hers.inner_text("main")

    desk = enter(office).page
    desk.goto(server + reverse("followups:mine"))
    desk.get_by_role("link", name="Review an emergency access").first.click()
    desk.get_by_role("link", name="Go there").click()
    desk.get_by_label("It was needed").check()
    desk.get_by_role("button", name="Keep the review").click()
    desk.get_by_role("heading", level=1).wait_for()

    glass = BrokenGlass.objects.get()
    assert (glass.reviewed_by, glass.finding) == (office, "justified")
    assert not FollowUp.objects.open().exists()
    BrokenGlass.objects.update(since=glass.since - timedelta(hours=5), until=glass.until - timedelta(hours=5))
    assert page.goto(server + record).status == 404


def test_a_form_that_was_sent_empty_says_how_to_mend_it_and_loses_nothing(enter, program, server):
    window = enter(admin(program))
    window.bears("status of 400")
    page = window.page
    page.goto(server + reverse("office:add_room", args=[program.pk]))
    page.get_by_role("button", name=re.compile("Add|Save")).click()
    page.get_by_role("heading", name=re.compile("problem|mend|wrong|look", re.I)).wait_for()
    page.get_by_label("Name").fill("Garden room")
    page.get_by_label("Seats").fill("12")
    page.get_by_role("button", name=re.compile("Add|Save")).click()
    page.get_by_text("Garden room is on the list.").wait_for()


def test_signing_in_says_the_same_to_everybody(enter, server):
    owner_of(enrolled(email="maya@portal.test"))
    said = []
    for address, password in [("maya@portal.test", "not " + PASSWORD), ("nobody@portal.test", PASSWORD)]:
        window = enter()
        window.bears("status of 400")
        page = window.page
        page.goto(server + reverse("account_login"))
        page.get_by_label("E-mail address").fill(address)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".error-summary").wait_for()
        # Until its styles are there, a page also says what they hide.
        page.wait_for_load_state("load")
        said.append(page.inner_text("main"))
    assert said[0] == said[1]
    assert Program.objects.exists()
