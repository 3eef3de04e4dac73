"""A real Chromium that tells on the pages it opens."""

import os
import shutil
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from tests.signing_in import sign_in

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Besides what Playwright disables: Chromium's own bars and menus, which no page test looks at and which cost a third of
# the time of every page that is opened. Only the last such list counts, so that it names Playwright's as well.
WITHOUT = [
    "InitialWebUI",
    "PreloadTopChromeWebUI",
    "PreloadTopChromeWebUILessNavigations",
    "WebUIOmniboxPopup",
    "WebUITabStrip",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
# The last one: a page that asks another host for anything gets no answer, wherever the machine is.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join(WITHOUT)}",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


def path_of_chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


class Window:
    """One person's browser: own cookies, and a list of everything that went wrong in it.

    Wrong is: an error in the console (a refusal of the content security policy is one), a script that failed, a
    request that failed, and any request to another origin. `bears` names what a story brings about on purpose.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context, self.origin = context, origin
        self.faults: list[str] = []
        self.borne: list[str] = []
        context.on("console", lambda told: told.type == "error" and self._fault(f"console: {told.text}"))
        context.on("weberror", lambda error: self._fault(f"script: {error.error}"))
        context.on("request", lambda request: self._watch(request.url))
        context.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        self.page: Page = context.new_page()

    def bears(self, *words: str) -> None:
        self.borne += words

    def go(self, path: str) -> None:
        self.page.goto(self.origin + path)

    def sign_in(self, user, **how) -> None:
        """Straight in, by the session that signing in would have made."""
        client = sign_in(Client(), user, **how)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.origin, "httpOnly": True}])

    def _watch(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self._fault(f"third party: {url}")

    def _failed(self, url: str, why: str | None) -> None:
        # A page that is left behind drops what it had asked for.
        if why != "net::ERR_ABORTED":
            self._fault(f"failed: {url} {why}")

    def _fault(self, text: str) -> None:
        self.faults.append(text)

    def close(self) -> list[str]:
        """What went wrong and was not borne. Where it ended is printed, for a test that failed."""
        print(f"{self.page.url}\n{self.page.evaluate('document.body.innerText')}")
        self.context.close()
        return [fault for fault in self.faults if not any(words in fault for words in self.borne)]
