"""How pages look and speak: contrast, size, wiring of errors, and what no template may hold."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

from iop_portal.demo.views.gallery import PAGES, OwnTime
from iop_portal.forms import PortalForm
from iop_portal.home.context import Frame, frame
from iop_portal.home.navigation import menu_for, places_for
from iop_portal.people.models import User
from iop_portal.people.roles import Role
from tests import factories
from tests.signing_in import sign_in

ROOT = Path(settings.BASE_DIR)
CSS = (ROOT / "static/css/portal.css").read_text()
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGE_TEMPLATES = [path for path in TEMPLATES if "email" not in path.relative_to(ROOT / "templates").parts]


# ── Colour ──────────────────────────────────────────────────────────────────────────────────────────────────────

TEXT = [
    ("ink", "ground card sunk accent-soft amber-soft brick-soft hatch"),
    ("quiet", "ground card sunk accent-soft amber-soft brick-soft hatch"),
    ("accent", "ground card sunk accent-soft hatch"),
    ("accent-deep", "ground card sunk accent-soft"),
    ("amber", "ground card amber-soft"),
    ("brick", "ground card brick-soft"),
    ("brick-deep", "ground card brick-soft"),
    ("green", "ground card accent-soft"),
    ("on-accent", "accent accent-deep"),
    ("on-brick", "brick brick-deep"),
    ("on-next", "next next-deep"),
    ("next-quiet", "next next-deep"),
]
EDGES = [
    ("control", "ground card"),
    ("accent", "ground card"),
    ("accent-mid", "card"),
    ("brick", "ground card"),
    ("next-edge", "next"),
    ("check", "card"),
]


def tokens(block):
    return dict(re.findall(r"--p-([a-z-]+):\s*(#[0-9a-f]{6})\b", block))


def theme(selector):
    start = CSS.index(selector)
    return tokens(CSS[start : CSS.index("}", start)])


LIGHT = theme(':root,\n[data-bs-theme="light"] {')
DARK = theme('[data-bs-theme="dark"] {')
DEVICE_DARK = theme(":root:not([data-bs-theme]) {")


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def too_faint(pairs, least):
    return [
        (name, front, back, round(contrast(colours[front], colours[back]), 2))
        for name, colours in (("light", LIGHT), ("dark", DARK))
        for front, backs in pairs
        for back in backs.split()
        if contrast(colours[front], colours[back]) < least
    ]


def test_every_text_stands_out_from_every_ground_it_lies_on():
    assert too_faint(TEXT, 4.5) == []


def test_edges_of_controls_and_meters_can_be_seen():
    assert too_faint(EDGES, 3) == []


def test_dark_by_choice_and_dark_by_device_are_the_same_dark():
    assert DARK == DEVICE_DARK
    assert LIGHT.keys() == DARK.keys()


# ── Weight ──────────────────────────────────────────────────────────────────────────────────────────────────────


def compressed(name):
    return len(gzip.compress(Path(finders.find(name)).read_bytes(), 9))


def test_a_first_page_stays_under_a_hundred_kilobytes(client):
    page = client.get(reverse("demo:gallery_page", args=["today"])).content.decode()
    static = set(re.findall(rf'(?:href|src)="{settings.STATIC_URL}([^"#]+)', page))

    weights = {name: compressed(name) for name in static}

    assert compressed("css/portal.css") < 14_000
    assert sum(weights.values()) + len(gzip.compress(page.encode())) < 80_000, weights


# ── What no template may hold ───────────────────────────────────────────────────────────────────────────────────

FORBIDDEN = {
    "a style attribute": r"\sstyle\s*=",
    "a style element": r"<style\b",
    "a script without a file": r"<script(?![^>]*\bsrc=)",
    "an event handler": r"<[^>]*\son[a-z]+\s*=",
    "a javascript address": r"javascript:",
    "a third party": r"(?:src|<link[^>]*href)=\"https?://",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_page_holds(what):
    found = [str(path) for path in PAGE_TEMPLATES if re.search(FORBIDDEN[what], path.read_text(), re.IGNORECASE)]

    assert found == []


def test_every_icon_that_a_template_asks_for_is_drawn():
    sprite = (ROOT / "static/icons/sprite.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([ai]-[a-z]+)"', sprite))
    asked = {
        f"{'i' if tag == 'icon' else 'a'}-{name}"
        for path in TEMPLATES
        for tag, name in re.findall(r'{% (icon|art) "([a-z]+)"', path.read_text())
    }

    assert asked - drawn == set()


TREATMENT = re.compile(
    r"treat|therap|recover|relapse|addict|alcohol|drug|sober|clinic|patient|mental|outpatient|crisis", re.IGNORECASE
)


def test_no_tab_title_says_what_the_portal_is_for():
    titles = {
        str(path.relative_to(ROOT)): title
        for path in PAGE_TEMPLATES
        for title in re.findall(r"{% block title %}(.*?){% endblock", path.read_text())
    }

    assert titles
    assert {path: title for path, title in titles.items() if TREATMENT.search(title)} == {}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_begins_with_the_way_past_its_frame_and_has_one_heading(client, page):
    html = client.get(reverse("demo:gallery_page", args=[page])).content.decode()

    assert html.index('class="skip"') < html.index("<header")
    assert len(re.findall(r"<h1\b", html)) == 1
    assert re.search(r"<title>[^<]+ · Portal</title>", html)
    assert len(re.findall(r"<main\b", html)) == 1
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted({name for name in ids if ids.count(name) > 1}) == []


# ── Forms ───────────────────────────────────────────────────────────────────────────────────────────────────────


def rendered(form):
    source = '{% include "components/error_summary.html" %}{% load crispy_forms_filters %}{{ form|crispy }}'
    return Template(source).render(Context({"form": form}))


def wrong_form():
    form = OwnTime({"name": "", "often": "week", "until": ""})
    form.add_error(None, "It overlaps <b>work</b>.")
    return form


def test_the_summary_links_every_problem_to_its_field():
    html = rendered(wrong_form())

    targets = re.findall(r'<li><a href="#([^"]+)"', html)
    assert targets == ["id_name", "id_days_0", "id_until", "id_agreed"]
    assert all(f'id="{target}"' in html for target in targets)
    assert "There are 5 problems" in html


def test_a_problem_of_the_whole_form_is_said_once_and_escaped():
    html = rendered(wrong_form())

    assert html.count("It overlaps &lt;b&gt;work&lt;/b&gt;.") == 1


def test_a_form_without_a_summary_still_says_what_is_wrong_with_it():
    html = Template("{% load crispy_forms_filters %}{{ form|crispy }}").render(Context({"form": wrong_form()}))

    assert "It overlaps" in html


def test_a_field_names_its_hint_and_its_error():
    html = rendered(wrong_form())

    field = re.search(r"<input[^>]*\bid=\"id_name\"[^>]*>", html).group()
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_name_helptext id_name_error"' in field
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_a_group_of_choices_names_its_error_once_for_all():
    html = rendered(wrong_form())

    assert re.search(r'<fieldset[^>]*aria-describedby="id_days_error"', html)


def test_label_hint_error_and_field_stand_in_reading_order():
    html = rendered(wrong_form()).split('id="div_id_name"')[1]

    places = [html.index(part) for part in ("<label", "id_name_helptext", "id_name_error", "<input")]
    assert places == sorted(places)


def test_a_form_that_was_not_sent_shows_no_problem():
    assert "error" not in rendered(OwnTime())


def test_a_missing_answer_is_named_by_its_question():
    class Asked(PortalForm):
        name = forms.CharField(label="Your name")
        day = forms.ChoiceField(label="Which day?", choices=[("1", "Monday")])
        agreed = forms.BooleanField(label="I agree")
        own = forms.CharField(error_messages={"required": "Say how we reach you"})

    assert [str(errors[0]) for errors in Asked({}).errors.values()] == [
        "Fill in “Your name”",
        "Choose an answer for “Which day?”",
        "Tick “I agree”",
        "Say how we reach you",
    ]


def test_an_answer_that_is_not_offered_is_named_by_its_question():
    assert OwnTime({"until": "25:00", "days": ["sun"]}).errors["until"] == ["Choose one of the answers to “Until”"]
    assert OwnTime({"days": ["sun"]}).errors["days"] == ["Choose one of the answers to “Which days?”"]


def test_what_was_typed_comes_back_with_the_form():
    html = rendered(OwnTime({"name": '"><script>', "until": "18:30"}))

    assert 'value="&quot;&gt;&lt;script&gt;"' in html
    assert '<option value="18:30" selected>' in html


# ── Times ───────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(source, **values):
    return Template(source).render(Context(values))


def test_times_are_written_as_people_say_them(settings):
    settings.TIME_ZONE = "America/New_York"
    start = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)

    assert shown("{{ at|day_clock }}", at=start) == "Tuesday 24 November, 5:30 pm"
    assert shown("{{ at|clock }}", at=start.replace(hour=17, minute=0)) == "12:00 pm"
    assert shown("{{ at|clock }}{{ at|day }}{{ at|day_clock }}{{ missing|day }}", at=None) == ""


def test_a_range_says_the_half_of_the_day_once_where_it_is_the_same():
    morning, noon, evening = (datetime(2026, 11, 24, hour, 30, tzinfo=UTC) for hour in (11, 13, 17))

    assert "1:30–5:30 pm" in shown("{% hours start end %}", start=noon, end=evening)
    assert "11:30 am–1:30 pm" in shown("{% hours start end %}", start=morning, end=noon)


@pytest.mark.parametrize(
    ("done", "booked", "wanted", "pills"), [(3, 3, 9, 9), (0, 0, 9, 9), (9, 3, 9, 12), (0, 0, 0, 1)]
)
def test_the_meter_draws_one_pill_an_hour(done, booked, wanted, pills):
    svg = shown("{% hour_pills done booked wanted %}", done=done, booked=booked, wanted=wanted)

    assert svg.count("<rect") == pills
    assert svg.count("h-done") == done


# ── Trouble ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def database_away(django_db_blocker):
    """The real connection, to a port where nobody listens."""
    with django_db_blocker.unblock():
        connection.close()
        known = dict(connection.settings_dict)
        connection.settings_dict.update(HOST="127.0.0.1", PORT="1")
        yield
        connection.close()
        connection.settings_dict.update(known)


def somebodys_browser():
    """A browser that holds a session cookie, so that the frame has to look who it is."""
    browser = Client(raise_request_exception=False)
    browser.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    return browser


def test_help_opens_without_the_database(database_away):
    answer = Client().get(reverse("home:help"))

    assert answer.status_code == 200
    assert all(number in answer.content.decode() for number in ("tel:988", "tel:911", "sms:741741", "tel:+18006624357"))


def test_help_opens_for_a_signed_in_person_without_the_database(database_away):
    answer = somebodys_browser().get(reverse("home:help"))

    assert answer.status_code == 200
    assert "tel:988" in answer.content.decode()


def test_other_pages_say_that_the_records_cannot_be_reached(database_away):
    answer = somebodys_browser().get(reverse("home:landing"))

    assert answer.status_code == 503
    assert "We cannot reach our records right now" in answer.content.decode()
    assert "tel:988" in answer.content.decode()


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "503", "429", "413", "405", "csrf_failure"])
def test_a_page_about_trouble_says_what_happened_and_whom_to_call(name):
    html = Template(f'{{% extends "{name}.html" %}}').render(Context())

    assert len(re.findall(r"<h1>[^<]{10,}</h1>", html)) == 1
    assert "tel:988" in html


def test_a_stale_form_gives_back_what_was_written_in_it(db):
    browser = Client(enforce_csrf_checks=True)
    story = "It took me an hour to write this down, please keep it."

    answer = browser.post(reverse("account_login"), {"note": story}, headers={"sec-fetch-site": "same-origin"})

    assert answer.status_code == 403
    assert story in answer.content.decode()


def test_a_form_from_elsewhere_is_not_shown_back(db):
    browser = Client(enforce_csrf_checks=True)
    story = "Send this on by pressing the button below, it is safe."

    answer = browser.post(reverse("account_login"), {"note": story}, headers={"sec-fetch-site": "cross-site"})

    assert answer.status_code == 403
    assert story not in answer.content.decode()


def test_a_page_that_only_takes_a_button_says_so():
    answer = Client().post(reverse("home:help"), headers={"accept": "text/html"})

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert "It only takes what a button on another page sends." in answer.content.decode()


def test_too_much_at_once_is_refused_by_a_sentence(settings, db):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    answer = Client(raise_request_exception=False).post(reverse("account_login"), {"login": "x" * 100})

    assert answer.status_code == 413
    assert "That was too large" in answer.content.decode()


def test_a_stale_form_never_shows_a_secret_back(db):
    browser = Client(enforce_csrf_checks=True)
    secret = "correct horse battery staple correct horse battery staple"

    answer = browser.post(reverse("account_login"), {"password": secret}, headers={"sec-fetch-site": "same-origin"})

    assert secret not in answer.content.decode()


# ── The frame ───────────────────────────────────────────────────────────────────────────────────────────────────


def request_of(user, path="/"):
    request = RequestFactory().get(path)
    request.user = user
    request.session = {}
    return request


def test_the_frame_asks_only_for_what_a_person_is(django_assert_num_queries, db):
    user = factories.clinician()

    with django_assert_num_queries(1):
        html = render_to_string("components/frame.html", {"frame": Frame(request_of(user))})

    assert user.preferred_name in html
    assert 'id="sign-out"' in html


def test_the_frame_of_a_page_that_nobody_signed_in_to_still_offers_help():
    html = render_to_string("base.html", {"frame": Frame(RequestFactory().get("/"))})

    assert reverse("home:help") in html
    assert "sign-out" not in html
    assert "htmx" not in html


@pytest.mark.parametrize(("chosen", "said"), [("auto", ""), ("light", "light"), ("dark", "dark")])
def test_the_theme_is_said_only_where_a_person_chose_one(db, chosen, said):
    assert Frame(request_of(factories.UserFactory(theme=chosen))).theme == said


def warned_in(user):
    """The page tells its script how long the session still lasts on the server."""
    page = sign_in(Client(), user).get(reverse("home:help")).content.decode()
    return int(re.search(r'data-idle-seconds="(\d+)"', page).group(1))


def test_the_warning_counts_what_the_server_counts(db, settings):
    staff, others = (limit.total_seconds() for limit in (settings.PORTAL_IDLE_STAFF, settings.PORTAL_IDLE_OTHERS))

    assert staff - 5 < warned_in(factories.clinician()) <= staff
    assert others - 5 < warned_in(factories.enrolled()) <= others


def test_the_frame_knows_where_to_lock_and_to_extend_a_session(db):
    page = sign_in(Client(), factories.enrolled()).get(reverse("home:help")).content.decode()

    assert f'data-leave="{reverse("accounts:lock_session")}"' in page
    assert f'data-extend-url="{reverse("accounts:extend_session")}"' in page


@pytest.mark.parametrize("role", list(Role))
def test_every_place_of_every_role_is_a_page_that_exists(role):
    user = User(preferred_name="Maya")
    user.roles = frozenset({role})

    places = [*places_for(user, "/"), *menu_for(user, "/")]

    assert 1 <= len(places_for(user, "/")) <= 5
    assert all(resolve(place.url) for place in places)


def test_somebody_with_two_roles_finds_each_page_once():
    user = User(preferred_name="Maya")
    user.roles = frozenset({Role.CLIENT, Role.FAMILY, Role.ADMIN})

    urls = [place.url for place in places_for(user, "/")]

    assert len(urls) == len(set(urls))
    assert [place.label for place in places_for(user, "/") if place.current] == ["Today"]


def test_a_page_is_in_one_place_also_where_two_roles_lead_to_it():
    user = User(preferred_name="Grace")
    user.roles = frozenset({Role.CLINICIAN, Role.ADMIN})

    assert [place.label for place in places_for(user, "/timetable/") if place.current] == ["Today"]
    user.roles = frozenset({Role.ADMIN})
    assert [place.label for place in places_for(user, "/timetable/") if place.current] == ["Office"]


def test_help_gives_the_number_of_ones_own_program(db):
    theirs = factories.ProgramFactory(phone="+1 (555) 010-0123", after_hours_phone="+1 555 0199")
    factories.ProgramFactory(phone="+1 555 0777")
    browser = Client()
    browser.force_login(factories.enrolled(theirs))

    page = browser.get(reverse("home:help")).content.decode()

    assert 'href="tel:+15550100123"' in page
    assert 'href="tel:+15550199"' in page
    assert "0777" not in page


def test_signed_out_help_names_a_program_only_where_there_is_one(db):
    factories.ProgramFactory(phone="+1 555 0142")
    assert "tel:+15550142" in Client().get(reverse("home:help")).content.decode()

    factories.ProgramFactory(phone="+1 555 0777")
    page = Client().get(reverse("home:help")).content.decode()
    assert "0142" not in page
    assert "0777" not in page


def test_a_fragment_pays_nothing_for_the_frame(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        frame(request_of(factories.UserFactory.build()))
