"""A client lets somebody know something, takes it back, and sees who opened their record."""

import pytest

from tests.factories import ProgramFactory, clinician, enrolled, on_care_team

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_permission_is_given_told_upon_and_withdrawn(open_window, scripts):
    program = ProgramFactory(name="Harbor House")
    maya = enrolled(program, preferred_name="Maya", surname="Tester")
    amara = clinician(program, preferred_name="Amara", surname="Osei")
    on_care_team(amara, maya, part="primary")
    hers, office = open_window(java_script_enabled=scripts), open_window(java_script_enabled=scripts)
    hers.sign_in(maya)
    office.sign_in(amara)

    hers.go("/choices/permissions/")
    page = hers.page
    page.get_by_text("Nobody is told anything until you say so.").wait_for()
    page.get_by_role("link", name="Give a permission").click()
    page.get_by_label("What is their name?").fill("Rosa Lind")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("How often I came").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("For 30 days").check()
    page.get_by_role("button", name="Go on").click()
    hers.bears("status of 400")
    page.get_by_label("Your name").fill("Rosa")
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_text("There is a problem").wait_for()
    page.get_by_label("Your name").fill("Maya Tester")
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_text("Signed by typing my name: Maya Tester").wait_for()

    office.go("/caseload/")
    office.page.get_by_role("link", name="Maya T.").click()
    office.page.get_by_role("link", name="Write down what is told").click()
    office.page.get_by_label("What is told?").fill("Came to 6 of 6")
    office.page.get_by_role("button", name="Write it down").click()
    office.page.get_by_text("Came to 6 of 6").wait_for()

    hers.go("/choices/permissions/")
    page.get_by_text("Came to 6 of 6").wait_for()
    page.get_by_role("link", name="Withdraw").click()
    page.get_by_role("button", name="Withdraw it").click()
    page.get_by_text("From now on nobody is told this any more.").wait_for()
    hers.go("/my-record/opened/")
    page.get_by_text("wrote down that somebody was told what you permit").wait_for()

    office.go(f"/clients/{maya.pk}/tell/")
    office.page.get_by_text("There is no live permission.").wait_for()
