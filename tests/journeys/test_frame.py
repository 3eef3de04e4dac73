"""The gates of the journeys themselves: a page that misbehaves is told on."""

import pytest

pytestmark = pytest.mark.journey


def test_help_opens_without_signing_in(window):
    window.go("/help/")
    assert window.page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize(
    ("markup", "told"),
    [
        ('<script>document.title = "run"</script>', "console"),
        ('<p style="color: red">red</p>', "console"),
        ('<img src="https://example.org/pixel.png">', "third party"),
        ('<script src="/static/js/away.js"></script>', "console"),
    ],
    ids=["inline script", "inline style", "third party", "missing file"],
)
def test_a_page_that_misbehaves_is_told_on(open_window, markup, told):
    window = open_window()
    window.context.route("**/help/", lambda route: spoilt(route, markup))
    window.go("/help/")
    assert [fault for fault in window.faults if fault.startswith(told)]
    window.faults.clear()


def spoilt(route, markup):
    """The page as it was served, policy and all, with a fault in its body."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("</body>", f"{markup}</body>"))
