"""Browsers for the journeys. Where there is none they are skipped, and with CI=true that is a failure."""

import os

import pytest
from django.core.cache import cache
from django.db import connections
from playwright.sync_api import sync_playwright

from tests.journeys.browser import FLAGS, Window, path_of_chromium


@pytest.fixture(scope="session")
def chromium():
    path = path_of_chromium()
    if path is None:
        sentence = "There is no Chromium here: install one, or name it in CHROMIUM."
        pytest.fail(sentence) if os.environ.get("CI") == "true" else pytest.skip(sentence)
    # Playwright keeps an event loop on this thread, in which Django would refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
        # While the loop runs, Django keeps a connection apart for it, which nobody would close later.
        connections.close_all()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def server(live_server, settings):
    """A server with the tests' own database, which knows its address."""
    settings.PORTAL_ORIGIN = live_server.url
    cache.clear()
    yield live_server.url
    cache.clear()


@pytest.fixture
def open_window(chromium, server):
    """Open a browser window for one person. At the end, anything that went wrong in one fails the test."""
    windows = []

    def open_one(**options):
        windows.append(Window(chromium.new_context(**options), server))
        return windows[-1]

    yield open_one
    assert [fault for window in windows for fault in window.close()] == []


@pytest.fixture
def window(open_window):
    return open_window()
