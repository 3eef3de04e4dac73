"""Booking in a real browser: a group place and fifty minutes with one's counsellor, and one of them given back.

By mouse, by keyboard alone, and with scripts off.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from iop_portal.demo.story import tell_story
from iop_portal.notices.models import Notice
from iop_portal.people.models import User
from scheduling.models import Booking
from scheduling.rosters import day_of
from tests.factories import works
from tests.journeys.looking import AXE, OVERFLOW, RULES, THEMES
from tests.scheduling.booking_world import Clinic
from therapy.models import ClinicalPolicy, Modality

pytestmark = pytest.mark.journey

MOST_TABS = 120


class Mouse:
    def __init__(self, window):
        self.page = window.page

    def go(self, role, name):
        self.page.get_by_role(role, name=name).first.click()


class Keyboard(Mouse):
    """Tab until it has the focus, then Enter: what cannot be reached like that is not found."""

    def go(self, role, name):
        target = self.page.get_by_role(role, name=name).first
        for _number in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("one => one === document.activeElement"):
                break
        expect(target).to_be_focused()
        self.page.keyboard.press("Enter")


@pytest.fixture
def clinic(server):
    """Tomorrow the group meets at 5:30 pm, the day after Amara has time from 9. Both lie in one program week."""
    clinic = Clinic()
    zone = ZoneInfo(clinic.program.zone)
    tomorrow = timezone.localdate(timezone.now(), zone) + timedelta(days=1)
    ClinicalPolicy.objects.create(program=clinic.program, week_starts_on=tomorrow.weekday())
    clinic.session(datetime(tomorrow.year, tomorrow.month, tomorrow.day, 17, 30, tzinfo=zone))
    day_after = (tomorrow + timedelta(days=1)).weekday()
    works(clinic.amara, clinic.program, weekday=day_after, begins="09:00", ends="11:00", room=clinic.room)
    clinic.prescribe(clinic.maya)
    return clinic


@pytest.mark.parametrize(
    ("hand", "options"),
    [
        (Mouse, {"viewport": {"width": 1280, "height": 800}}),
        (Keyboard, {"viewport": {"width": 1280, "height": 800}}),
        (Mouse, {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}),
    ],
    ids=["by mouse", "by keyboard alone", "on a phone with scripts off"],
)
def test_a_client_books_a_group_place_and_an_hour_sees_both_and_cancels_one(open_window, clinic, hand, options):
    window = open_window(**options)
    window.sign_in(clinic.maya)
    walk, page = hand(window), window.page
    window.go("/")

    walk.go("link", "Book a session")
    walk.go("link", "My groups")
    walk.go("link", re.compile("8 places left"))
    walk.go("button", "Book it")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")

    walk.go("link", "Book another time")
    walk.go("link", "Time with a counsellor")
    walk.go("link", "One-to-one counselling")
    expect(page.get_by_role("radio", name="Amara Okafor, your counsellor")).to_be_checked()
    expect(page.get_by_role("radio", name="50 minutes")).to_be_checked()
    walk.go("button", "See times")
    walk.go("link", re.compile("9:00–9:50 am"))
    walk.go("button", "Book it")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")

    walk.go("link", "Back to my week")
    expect(page.locator(".block h3")).to_have_text(["Skills group", "One-to-one counselling"])
    expect(page.locator(".week-top")).to_contain_text("2.3 of 9 hours")
    walk.go("link", re.compile("Can’t come .*5:30 pm"))
    walk.go("button", "Cancel it")
    expect(page.get_by_role("status").first).to_have_text("It is cancelled. We send you a mail that says so.")
    expect(page.locator(".block h3")).to_have_text(["One-to-one counselling"])

    (held,) = Booking.objects.filter(occupies=True)
    assert (held.person, held.session.modality, held.session.minutes) == (clinic.maya, clinic.talk, 50)


# ── As the people of the demonstration ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def story(server):
    """A whole program, as `make demo` tells it today."""
    tell_story(now=timezone.now())


def persona(slug):
    return User.objects.get(email=f"{slug}@portal.test")


def faults_of(page):
    """What axe finds and what spills sideways, light and dark."""
    faults = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        if not page.evaluate("() => typeof axe !== 'undefined'"):
            page.evaluate(AXE_SCRIPT)
        faults += [f"{page.url} {theme}: {found}" for found in page.evaluate(AXE, RULES) + page.evaluate(OVERFLOW)]
    return faults


class Looking(Mouse):
    """Looks at every page that the way leads to."""

    def __init__(self, window):
        super().__init__(window)
        self.faults = []

    def go(self, role, name):
        super().go(role, name)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        self.faults += faults_of(self.page)

    def take(self, slot):
        """Choose a time that is free, and book it: when it is, as the page says it."""
        slot.click()
        self.faults += faults_of(self.page)
        self.go("button", "Book it")
        expect(self.page.get_by_role("heading", level=1)).to_have_text("You are booked")
        return self.page.locator(".next-what").inner_text()


@pytest.mark.parametrize("size", [(1280, 800), (320, 568)], ids=["at a desk", "on a small phone"])
def test_the_evening_client_of_the_demonstration_books_and_cancels_on_pages_without_a_fault(open_window, story, size):
    maya = persona("maya")
    window = open_window(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    window.sign_in(maya)
    walk, page = Looking(window), window.page
    before = set(Booking.objects.filter(person=maya, occupies=True))
    window.go("/")

    walk.go("link", "Book a session")
    walk.go("link", "My groups")
    group = walk.take(page.locator("a.slot").first)
    walk.go("link", "Book another time")
    walk.go("link", "Time with a counsellor")
    walk.go("link", "One-to-one counselling")
    expect(page.get_by_role("radio", name="Amara Osei, your counsellor")).to_be_checked()
    walk.go("button", "See times")
    talk = walk.take(page.locator("a.slot").first)

    made = set(Booking.objects.filter(person=maya, occupies=True)) - before
    assert sorted(booking.session.minutes for booking in made if not booking.session.listed) == [50]
    for booking, told in zip(sorted(made, key=lambda made: made.pk), (group, talk), strict=True):
        window.go(f"{reverse('scheduling:my_week')}?day={timezone.localdate(booking.starts_at, ZoneInfo(maya.zone))}")
        walk.faults += faults_of(page)
        block = page.locator(".block", has_text=booking.session.modality.name).filter(has_text=told.split(", ")[-1])
        expect(block.get_by_text("Booked")).to_be_visible()

    block.get_by_role("link", name="Can’t come").click()
    walk.faults += faults_of(page)
    walk.go("button", "Cancel it")
    expect(block).to_have_count(0)
    assert len(set(Booking.objects.filter(person=maya, occupies=True)) - before) == 1
    assert not walk.faults, "\n".join(walk.faults)


def test_the_counsellor_of_the_demonstration_changes_her_hours_and_sees_her_day(open_window, story):
    amara, maya = persona("amara"), persona("maya")
    window = open_window()
    window.sign_in(amara)
    page = window.page
    window.go("/")
    led = day_of(amara, now=timezone.now())
    shown = page.get_by_role("link", name=re.compile("^(Roster|Mark)"))
    expect(shown).to_have_count(len(led))
    if led:
        shown.first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(led[0].session.modality.name)
        for person in led[0].people:
            expect(page.locator(".rows strong", has_text=person.short_name).first).to_be_visible()

    window.go("/")
    page.get_by_role("link", name="My hours").first.click()
    page.get_by_role("link", name="Change Saturday").click()
    page.get_by_label("From").last.fill("07:00")
    page.get_by_label("Until").last.fill("08:00")
    page.get_by_label("Also by video").last.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("7:00–8:00 am · By video")).to_be_visible()

    zone = ZoneInfo(amara.weekly_hours.first().program.zone)
    week_ahead = timezone.localdate(timezone.now(), zone) + timedelta(days=7)
    saturday = week_ahead + timedelta(days=(5 - week_ahead.weekday()) % 7)
    window = open_window()
    window.sign_in(maya)
    talk = Modality.objects.get(program=maya.enrolments.get().program, name="One-to-one counselling")
    times = reverse("scheduling:when", args=["counsellor"])
    window.go(f"{times}?way={talk.pk}&minutes=50&counsellor={amara.pk}&day={saturday}")
    on_saturday = window.page.locator(f"section[aria-labelledby='day-{saturday}']")
    expect(on_saturday.locator("a.slot")).to_have_count(1)
    expect(on_saturday.locator("a.slot")).to_contain_text("7:00–7:50 am")


def test_the_counsellor_of_the_demonstration_takes_time_off_and_a_client_finds_what_that_cancels(open_window, story):
    amara, maya = persona("amara"), persona("maya")
    hers = Booking.objects.filter(person=maya, occupies=True, session__facilitations__clinician=amara)
    booked = hers.filter(during__startswith__gt=timezone.now()).earliest("during")
    day = timezone.localdate(booked.starts_at, ZoneInfo(booked.program.zone))
    window = open_window(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    window.sign_in(amara)
    walk, page = Looking(window), window.page
    window.go("/")

    walk.go("link", "My hours")
    walk.go("link", "Time off")
    page.get_by_label("First day").fill(day.isoformat())
    page.get_by_label("Last day").fill(day.isoformat())
    walk.go("button", "See what it affects")
    cancelled = page.get_by_role("region", name="These are cancelled")
    expect(cancelled).to_contain_text(booked.session.modality.name)
    expect(cancelled).to_contain_text("booked")
    expect(page.locator("main")).not_to_contain_text("Maya")
    booked.refresh_from_db()
    assert booked.occupies
    walk.go("button", "Take the time off and tell people")
    expect(page.get_by_role("status").first).to_have_text("It is noted. Whoever was booked hears from us.")
    expect(page.get_by_role("region", name="What is noted")).to_contain_text(f"{day:%A} {day.day} {day:%B}")
    window.go(f"{reverse('scheduling:timetable')}?day={day}")
    walk.faults += faults_of(page)
    expect(page.get_by_role("region", name=re.compile("^Amara Osei"))).to_contain_text("Away")
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", page.pdf(prefer_css_page_size=True))
    assert 1 <= len(sheets) <= 5
    assert all(float(width) > float(height) for width, height in sheets)

    phone = open_window(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    phone.sign_in(maya)
    phone.go(f"{reverse('scheduling:my_week')}?day={timezone.localdate(booked.starts_at, ZoneInfo(maya.zone))}")
    block = phone.page.locator(".block", has_text=booked.session.modality.name).filter(has_text="Cancelled by us")
    expect(block).to_have_count(1)
    expect(block.get_by_role("link", name="Can’t come")).to_have_count(0)
    assert Notice.objects.filter(kind="booking_cancelled", to=maya, about_id=booked.pk).exists()
    assert not walk.faults, "\n".join(walk.faults)
