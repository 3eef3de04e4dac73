"""Showing a page to a real browser without a server, and asking it how the page looks.

Pages come from the test client, so that what a form does when it is sent empty is rolled back like everything else;
the browser gets them with their own headers, the content security policy among them.
"""

import json
import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.browser import FLAGS, path_of_chromium

ORIGIN = "http://localhost"
WIDTHS = {320: 568, 390: 844, 1280: 800}
THEMES = ("light", "dark")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TITLE = re.compile(r"^(Error: )?[^·]+ · Portal$")
DROPPED = {"content-length", "content-encoding", "set-cookie", "clear-site-data"}

AXE = """async (tags) => {
  // The bar on top stays there: on a page that was scrolled it lies over what axe would measure.
  window.scrollTo(0, 0);
  const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 150)}`));
}"""
OVERFLOW = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.right > root.clientWidth + 1;
  });
  return [`${root.scrollWidth} px: ${wide.slice(-1).map((e) => e.outerHTML.slice(0, 120))}`];
}"""
SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => resolve(sum), 0));
})"""
# One stop for each group of radio buttons; what is not drawn, or lies in something closed, is no stop.
STOPS = """() => {
  const groups = new Set();
  const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((e) => {
      if (e.disabled || e.type === "hidden" || e.tabIndex < 0) return false;
      if (!e.checkVisibility({ checkVisibilityCSS: true })) return false;
      if (e.type !== "radio") return true;
      const group = `${e.form && e.form.id}/${e.name}`;
      return groups.has(group) ? false : groups.add(group);
    });
  stops.forEach((e, n) => { e.dataset.stop = n; });
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  window.scrollTo(0, 0);
  return stops.length;
}"""
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const radios = e.type === "radio" ? document.querySelector(`input[type=radio][name="${e.name}"][data-stop]`) : null;
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const drawn = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return { stop: (radios || e).dataset.stop ?? null, seen: drawn && within, html: e.outerHTML.slice(0, 120) };
}"""


def reader_of_large_text(browser: Browser, profile: Path) -> BrowserContext:
    """A browser in whose settings somebody doubled the size of text. Only a profile of its own can hold that."""
    (profile / "Default").mkdir(parents=True)
    fonts = {"default_font_size": 32, "default_fixed_font_size": 32}
    (profile / "Default" / "Preferences").write_text(json.dumps({"webkit": {"webprefs": fonts}}))
    return browser.browser_type.launch_persistent_context(
        profile, executable_path=path_of_chromium(), args=FLAGS, service_workers="block", reduced_motion="reduce"
    )


class Screen:
    """A browser window into which pages are put."""

    def __init__(self, context: BrowserContext, *, scripts: bool = True) -> None:
        self.context = context
        self.told: list[str] = []
        self.shown: dict[str, object] = {}
        self.context.route("**/*", self._serve)
        self.context.on("console", lambda told: told.type == "error" and self.told.append(f"console: {told.text}"))
        self.context.on("weberror", lambda error: self.told.append(f"script: {error.error}"))
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.scripts = scripts
        self.tools = self.context.new_cdp_session(self.page)

    def show(self, path: str, response) -> list[str]:
        """Open the page, at the width of a phone. What it complained about is returned."""
        self.told.clear()
        self.shown = {
            "status": 200,  # what a status means is tested elsewhere; the browser would complain of any other
            "headers": {name: value for name, value in response.headers.items() if name.lower() not in DROPPED},
            "body": response.content,
        }
        self.path = path
        self.page.set_viewport_size({"width": 390, "height": 844})
        self.page.emulate_media(color_scheme="light")
        # Without scripts the page loads without them; axe, which is one, may run afterwards.
        self.tools.send("Emulation.setScriptExecutionDisabled", {"value": not self.scripts})
        self.page.goto(ORIGIN + path, wait_until="load")
        self.tools.send("Emulation.setScriptExecutionDisabled", {"value": False})
        return list(self.told)

    def _serve(self, route) -> None:
        url = urlsplit(route.request.url)
        if f"{url.scheme}://{url.netloc}" != ORIGIN:
            self.told.append(f"third party: {route.request.url}")
            route.abort()
        elif url.path.startswith(settings.STATIC_URL):
            found = finders.find(url.path.removeprefix(settings.STATIC_URL))
            if found:
                kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
                route.fulfill(status=200, content_type=kind, body=Path(found).read_bytes())
            else:
                route.fulfill(status=404)
        elif route.request.is_navigation_request():
            route.fulfill(**self.shown)
        else:
            route.fulfill(status=204)

    def states(self, widths) -> Iterator[str]:
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
            for theme in THEMES:
                self.page.emulate_media(color_scheme=theme)
                yield f"{width} px {theme}"

    def axe(self) -> list[str]:
        if not self.page.evaluate("() => typeof axe !== 'undefined'"):
            self.page.evaluate(AXE_SCRIPT)
        return self.page.evaluate(AXE, RULES)

    def looks(self, widths=tuple(WIDTHS)) -> list[str]:
        """Everything that is wrong with how the page looks."""
        faults = []
        for state in self.states(widths):
            faults += [f"{state}: {found}" for found in self.axe()]
            faults += [f"{state}: spills sideways, {wide}" for wide in self.page.evaluate(OVERFLOW)]
        return faults

    def spills(self) -> list[str]:
        return [f"390 px, text at 200 %: spills sideways, {wide}" for wide in self.page.evaluate(OVERFLOW)]

    def frame(self) -> list[str]:
        headings, title = self.page.evaluate("() => [document.querySelectorAll('h1').length, document.title]")
        faults = [] if headings == 1 else [f"{headings} h1"]
        return faults if TITLE.match(title) else [*faults, f"title: {title}"]

    def shift(self) -> list[str]:
        moved = self.page.evaluate(SHIFT)
        return [f"the page moves while it loads: {moved:.3f}"] if moved else []

    def keyboard(self) -> list[str]:
        """Tab comes to everything one can act on, and one sees where one is."""
        missing = set(map(str, range(self.page.evaluate(STOPS))))
        # Within a date or a time Tab steps from part to part: hours, minutes, half of the day, the picker.
        parts = 4 * self.page.locator("input[type=date], input[type=time], input[type=datetime-local]").count()
        faults = []
        for _ in range(len(missing) + parts + 10):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(FOCUSED)
            if at is None:
                break
            # The browser itself marks the part of a date.
            if not at["seen"] and at["stop"] in missing | {None}:
                faults.append(f"focus is not seen on {at['html']}")
            missing.discard(at["stop"])
        # The way past the frame lies over the mark as long as it has the focus.
        self.page.evaluate("() => document.activeElement.blur()")
        unreached = self.page.evaluate(
            "(stops) => stops.map((n) => document.querySelector(`[data-stop='${n}']`).outerHTML.slice(0, 120))",
            sorted(missing),
        )
        return faults + [f"Tab never comes to {what}" for what in unreached]
