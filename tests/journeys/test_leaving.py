"""Leaving quickly, staying a little longer, and what a timeout leaves behind: with the real server's answers."""

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from tests import factories
from tests.patience import until

pytestmark = pytest.mark.journey


@pytest.fixture
def at_home(open_window):
    """A client on a page of their own, with a browser clock that can be moved."""
    window = open_window()
    window.sign_in(factories.enrolled(preferred_name="Maya"))
    window.page.clock.install()
    window.go(reverse("home:choices"))
    return window


def test_leaving_ends_the_session_before_anybody_can_go_back(at_home):
    page = at_home.page
    at_home.bears("third party: https://www.weather.gov/")
    page.route("https://www.weather.gov/**", lambda route: route.fulfill(body="Fair"))

    page.get_by_role("link", name="Leave this page quickly").click()
    page.wait_for_url("https://www.weather.gov/")

    until(lambda: not Session.objects.exists())
    at_home.go(reverse("home:choices"))
    assert reverse("account_login") in page.url


def test_staying_is_asked_of_the_server(at_home, settings):
    page = at_home.page
    page.clock.fast_forward((settings.PORTAL_IDLE_OTHERS.total_seconds() - 60) * 1000)
    warning = page.get_by_role("dialog", name="Are you still there?")
    warning.wait_for(state="visible")

    with page.expect_response(lambda answer: answer.url.endswith(reverse("accounts:extend_session"))) as longer:
        page.keyboard.press("Enter")

    assert longer.value.status == 200
    warning.wait_for(state="hidden")


def test_staying_too_late_leads_to_the_sign_in_page(at_home, settings):
    page = at_home.page
    page.clock.fast_forward((settings.PORTAL_IDLE_OTHERS.total_seconds() - 60) * 1000)
    page.get_by_role("dialog", name="Are you still there?").wait_for(state="visible")
    Session.objects.all().delete()

    page.keyboard.press("Enter")

    page.wait_for_url(f"**{reverse('account_login')}?next=%2Fchoices%2F")


def test_signing_out_from_the_warning(at_home, settings):
    page = at_home.page
    page.clock.fast_forward((settings.PORTAL_IDLE_OTHERS.total_seconds() - 60) * 1000)
    page.get_by_role("button", name="Sign out now").click()

    page.wait_for_url(f"**{reverse('account_login')}*")
    at_home.go(reverse("home:choices"))
    assert reverse("account_login") in page.url
