"""Every part of the pages in a real browser: large text, small screens, both themes, the keyboard."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from iop_portal.demo.views.gallery import PAGES
from tests.journeys.browser import FLAGS, path_of_chromium

SPILLS = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll("body *")]
    .filter((part) => part.getBoundingClientRect().right > wide + 1)
    .slice(0, 5).map((part) => part.outerHTML.slice(0, 80));
}"""
# (the browser's own font size, width, height): a small phone; text at 200 %; a desktop at 400 % zoom; and so on.
READERS = [(16, 320, 640), (32, 390, 844), (32, 320, 640), (16, 320, 256), (24, 1280, 900)]


@pytest.fixture
def reader(chromium, tmp_path):
    """A browser in whose settings somebody chose a larger font. Only a profile of its own can hold that."""
    opened = []

    def with_font(size, width, height):
        profile = tmp_path / f"profile-{len(opened)}"
        (profile / "Default").mkdir(parents=True)
        fonts = {"default_font_size": size, "default_fixed_font_size": size}
        (profile / "Default" / "Preferences").write_text(json.dumps({"webkit": {"webprefs": fonts}}))
        context = chromium.browser_type.launch_persistent_context(
            profile,
            executable_path=path_of_chromium(),
            args=FLAGS,
            viewport={"width": width, "height": height},
        )
        opened.append(context)
        return context.new_page()

    yield with_font
    for context in opened:
        context.close()


@pytest.mark.looks
@pytest.mark.parametrize(("font", "width", "height"), READERS)
def test_nothing_spills_sideways(reader, server, font, width, height):
    page = reader(font, width, height)
    spilt = {}
    for name in PAGES:
        page.goto(server + reverse("demo:gallery_page", args=[name]))
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{font}px"
        if found := page.evaluate(SPILLS):
            spilt[name] = found

    assert spilt == {}


@pytest.mark.looks
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_axe_finds_nothing_in_any_part(open_window, theme, width):
    window = open_window(viewport={"width": width, "height": 900}, color_scheme=theme)
    found = {}
    for name in PAGES:
        window.go(reverse("demo:gallery_page", args=[name]))
        for violation in Axe().run(window.page).response["violations"]:
            found[name, violation["id"]] = [node["html"][:120] for node in violation["nodes"]]

    assert found == {}


@pytest.mark.looks
def test_both_bars_scroll_away_where_there_is_little_height(open_window):
    window = open_window(viewport={"width": 1280, "height": 400})
    window.go(reverse("demo:gallery_page", args=["today"]))

    assert window.page.evaluate("getComputedStyle(document.querySelector('.frame')).position") == "static"


@pytest.mark.journey
def test_leaving_quickly_locks_the_session_and_shows_nothing_again(open_window):
    window = open_window()
    window.bears("third party: https://www.weather.gov/")
    page, told = window.page, []
    page.route("https://www.weather.gov/**", lambda route: route.fulfill(body="Fair"))
    page.route("**/locked/", lambda route: (told.append(route.request), route.fulfill(status=204)))
    for way in ("press", "escape"):
        window.go(reverse("demo:gallery_page", args=["family"]))
        window.go(reverse("demo:gallery_page", args=["today"]))
        page.evaluate("document.querySelector('[data-leave]').dataset.leave = '/locked/'")
        if way == "press":
            page.get_by_role("link", name="Leave this page quickly").click()
        else:
            for _ in range(3):
                page.keyboard.press("Escape")
        page.wait_for_url("https://www.weather.gov/")

    assert [(request.method, "csrfmiddlewaretoken" in request.post_data) for request in told] == [("POST", True)] * 2
    page.go_back()
    # The page that was left stands in no history; what is before it is asked for anew, of a session that is locked.
    assert page.url.endswith(reverse("demo:gallery_page", args=["family"]))


@pytest.mark.journey
def test_the_warning_before_the_end_is_answered_by_keyboard(open_window):
    window = open_window()
    page, told = window.page, []
    page.clock.install()
    page.route("**/longer/", lambda route: (told.append(route.request.method), route.fulfill(json={"seconds": 300})))
    window.go(reverse("demo:gallery_page", args=["today"]))
    page.evaluate("document.querySelector('#timeout').dataset.extendUrl = '/longer/'")
    warning = page.get_by_role("dialog", name="Are you still there?")

    page.clock.fast_forward((86_400 - 125) * 1000)
    assert warning.is_hidden()
    page.clock.run_for(10_000)
    assert warning.is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Stay signed in"
    assert Axe().run(page).response["violations"] == []

    page.clock.run_for(62_000)
    assert page.get_by_text("In 1 minute we sign you out.").is_visible()
    page.keyboard.press("Enter")
    warning.wait_for(state="hidden")
    assert told == ["POST"]


@pytest.mark.journey
def test_the_end_leads_to_the_sign_in_page_and_back_afterwards(open_window):
    window = open_window()
    window.page.clock.install()
    window.go(reverse("demo:gallery_page", args=["today"]))

    window.page.clock.fast_forward(86_401 * 1000)
    window.page.wait_for_url("**/account/login/**")

    assert window.page.url.endswith("?next=%2Fgallery%2Ftoday%2F")


@pytest.mark.journey
def test_another_tab_that_is_in_use_keeps_this_one_open(open_window):
    window = open_window()
    page = window.page
    page.clock.install()
    window.go(reverse("demo:gallery_page", args=["today"]))
    warning = page.get_by_role("dialog", name="Are you still there?")
    page.clock.fast_forward((86_400 - 60) * 1000)
    warning.wait_for(state="visible")

    window.context.new_page().goto(window.origin + reverse("demo:gallery_page", args=["family"]))

    warning.wait_for(state="hidden")


@pytest.mark.journey
def test_a_form_that_came_back_has_the_focus_on_what_to_mend(open_window):
    window = open_window()
    window.go(reverse("demo:gallery_page", args=["form"]))
    page = window.page

    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.get_by_role("link", name="Choose an answer for “Which days?”").click()
    assert page.evaluate("document.activeElement.id") == "id_days_0"


@pytest.mark.journey
def test_a_second_press_sends_nothing_twice(open_window):
    window = open_window()
    window.go(reverse("demo:gallery_page", args=["confirm"]))
    page = window.page
    sent = page.evaluate(
        """() => {
          const form = document.querySelector("main form"), sent = [];
          window.addEventListener("submit", (event) => { sent.push(event.defaultPrevented); event.preventDefault(); });
          form.requestSubmit(); form.requestSubmit();
          return sent;
        }"""
    )

    assert sent == [False, True]


@pytest.mark.journey
def test_a_caseload_is_walked_through_by_keyboard(open_window):
    window = open_window()
    window.go(reverse("demo:gallery_page", args=["caseload"]))
    page = window.page

    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.tagName") == "BODY"  # single keys act only inside the list
    page.get_by_role("link", name="Jo B.", exact=True).focus()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "Ana K."
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "Jo B."


@pytest.mark.journey
def test_without_scripts_everything_is_there_and_leaving_is_a_plain_link(open_window):
    window = open_window(java_script_enabled=False)
    window.go(reverse("demo:gallery_page", args=["today"]))

    leave = window.page.get_by_role("link", name="Leave this page quickly")
    assert leave.get_attribute("href") == "https://www.weather.gov/"
    window.page.locator(".account summary").click()
    assert window.page.get_by_role("button", name="Sign out").is_visible()
