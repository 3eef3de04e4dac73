"""Certificates: neutral on paper and in the file, made of what is recorded, and a page where there can be no PDF."""

import re
import shutil
import subprocess
import sys
import zlib

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import strip_tags

from iop_portal.audit.models import Entry
from iop_portal.home.for_you import suggestions_for
from iop_portal.people.models import Program
from scheduling import papers
from scheduling.booking import cancel_booking
from scheduling.certificates import NotComplete, made_before, make_certificate
from scheduling.courses import Parts, change_course, course_version
from scheduling.models import Participation
from scheduling.taking_part import leave_course
from tests.factories import enrolled
from tests.notices.test_neutrality import TELLING
from tests.scheduling.course_world import SLEEP, School
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    """Maya has come to three of four evenings of a course whose name tells why."""
    school = School(name="Harbor House Recovery Program", sender="Riverside Learning", address="12 Quay Street")
    school.amara.surname = "Addiction-Counsellor"
    school.amara.save()
    tells = {"name": "Relapse prevention", "in_short": "Stay sober.", "about": "Live with cravings."}
    school.course = school.make(**tells)
    school.part = school.join().participation
    for number in range(3):
        school.mark(number)
    with time_machine.travel(school.sessions[2].ends_at, tick=False):
        yield school


@pytest.fixture
def maya(client, school):
    return sign_in(client, school.maya)


def made(school, **wishes):
    wishes = {"name": "Maya Tester", "with_program": False, "by": school.maya, **wishes}
    return make_certificate(school.part, now=school.sessions[2].ends_at, **wishes)


def address(school):
    return reverse("scheduling:certificate", args=[school.part.pk])


def asked(**told):
    return {"name": "Maya Tester", "issuer": "neutral", **told}


def words(html):
    return " ".join(strip_tags(html).split())


def streams(pdf):
    """Everything in the file that can be read as text, unpacked."""
    found = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            found.append(packed)
    return b"\n".join(found).decode("latin-1")


# ── What it says ──────────────────────────────────────────────────────────────────────────────────────────────

SAYS = (
    "Riverside Learning Certificate Maya Tester has completed Skills course, 4 sessions "
    "from 24 November 2026 to 8 December 2026 Issued on 8 December 2026"
)


def test_it_says_who_completed_how_much_and_when_and_nothing_else(school):
    told = words(render_to_string("papers/certificate.html", {"paper": made(school)}))
    assert told == f"Certificate {SAYS}"
    assert [word for word in TELLING.split() if word != "session" and word in told.lower()] == []


def test_the_programs_name_stands_on_it_only_where_the_client_wants_it(school):
    assert made(school).issuer == "Riverside Learning"
    assert made(school, with_program=True).issuer == "Harbor House Recovery Program"


def test_where_the_program_sends_under_its_own_name_nobody_is_asked_to_decide(maya, school):
    Program.objects.filter(pk=school.program.pk).update(sender=school.program.name)
    assert "issuer" not in maya.get(address(school)).context["form"].fields
    assert f"{school.program.name} Certificate" in words(
        maya.post(address(school), {"name": "Maya", "print": "1"}).content.decode()
    )


def test_the_file_holds_nothing_that_the_paper_does_not_say(maya, school):
    answer = maya.post(address(school), asked())
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="certificate.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"
    whole = streams(answer.content)
    # Names of fonts and of the maker of the file are all that a PDF says of itself here.
    assert re.findall(r"/(Title|Author|Subject|Keywords|Creator|CreationDate|ModDate) ?\((.*?)\)", whole) == [
        ("Title", "Certificate")
    ]
    assert not re.search(r"/(URI|EmbeddedFile|Metadata|JavaScript|JS|Launch)\b", whole)
    for secret in ("Harbor", "Recovery", "Relapse", "sober", "craving", "Amara", "Addiction", "Quay", "Maya"):
        assert secret.lower() not in whole.lower(), secret
    if reader := shutil.which("pdftotext"):
        told = subprocess.run([reader, "-", "-"], input=answer.content, capture_output=True, check=True).stdout
        assert " ".join(told.decode().split()) == SAYS


def test_the_name_is_the_persons_choice_and_kept_nowhere(maya, school):
    told = words(maya.post(address(school), asked(name="M. L. Torres <b>", print="1")).content.decode())
    assert "M. L. Torres &lt;b&gt; has completed" in told
    line = Entry.objects.get(verb="certificate.made")
    assert (line.client, line.actor, line.facts) == (school.maya, school.maya, {})
    form = maya.get(address(school)).context["form"]
    assert (form["name"].value(), form["issuer"].value()) == (school.maya.full_name, "neutral")
    assert maya.post(address(school), asked(name="A\u202eB")).status_code == 400
    assert maya.post(address(school), asked(issuer="elsewhere")).status_code == 400


# ── For whom, and when ────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_has_one_of_a_course_that_is_not_complete(maya, school):
    school.mark(2, "missed", seen=1)
    with pytest.raises(NotComplete):
        made(school)
    told = maya.post(address(school), asked())
    assert (told.status_code, "application/pdf" in told.headers["Content-Type"]) == (409, False)
    assert "You came to 2 sessions of this course; the certificate is there from 3 on." in words(told.content.decode())


def test_a_correction_that_undoes_it_is_said(maya, school):
    course = reverse("scheduling:course", args=[school.course.pk])
    made(school)
    assert "Get the certificate" in words(maya.get(course).content.decode())
    school.mark(2, "missed", seen=1)
    assert made_before(Participation.objects.get())
    for page in (course, address(school)):
        told = words(maya.get(page).content.decode())
        assert "We cannot see or call back what you hold." in told
        assert "Get the certificate" not in told
    school.mark(2, "late", seen=2)
    assert "We cannot see or call back" not in words(maya.get(course).content.decode())


def test_the_office_may_ask_for_less_and_it_is_there(school):
    school.mark(2, "missed", seen=1)
    details = {name: getattr(school.course, name) for name in ("name", "in_short", "about")}
    easier = SLEEP.__class__(**details, paper_title="Skills course", sessions=4, needed=2)
    seen = course_version(school.course)
    change_course(
        school.course, easier, Parts((school.evenings,)), seen=seen, by=school.dana, now=school.sessions[2].ends_at
    )
    school.part = Participation.objects.select_related("course").get()
    assert made(school).name == "Maya Tester"


def test_who_has_left_the_program_has_it_too(client, school):
    cancel_booking(school.place(3), by=school.maya, now=school.sessions[2].ends_at)
    school.maya.enrolments.update(state="discharged", discharged_on="2026-12-08", discharge_reason="completed")
    assert sign_in(client, school.maya).post(address(school), asked(print="1")).status_code == 200


def test_nobody_makes_one_for_somebody_else(client, school):
    for person, status in ((enrolled(school.program), 404), (school.amara, 403), (school.dana, 403)):
        assert sign_in(client, person).post(address(school), asked()).status_code == status


# ── As a PDF, or not ──────────────────────────────────────────────────────────────────────────────────────────


def pdf(html):
    with open(finders.find("css/paper.css")) as sheet:
        return papers.pdf_of(html, css=sheet.read())


def test_nothing_is_fetched_from_anywhere(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    assert pdf("<p>Nothing from elsewhere").startswith(b"%PDF-")
    for page in (
        f'<img src="{secret.as_uri()}">',
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="data:image/svg+xml,&lt;svg/&gt;">',
        '<link rel="stylesheet" href="https://fonts.example/x.css">',
    ):
        with pytest.raises(papers.CannotSet):
            pdf(page)


def test_what_would_take_too_long_is_not_begun():
    with pytest.raises(papers.CannotSet):
        pdf("x" * papers.MOST_CHARS)


@pytest.fixture(params=["ImportError('no such library')", "OSError('cannot load library libpango')"])
def without_weasyprint(request, tmp_path, monkeypatch):
    """A Python in which WeasyPrint, or what it needs of the system, is not there."""
    (tmp_path / "weasyprint.py").write_text(f"raise {request.param}\n")
    python = tmp_path / "python"
    run = "sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('scheduling.papers', run_name='__main__')"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys, runpy; {run}" {tmp_path}\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def test_without_weasyprint_the_same_paper_is_a_page_to_print(maya, school, without_weasyprint):
    answer = maya.post(address(school), asked())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    told = words(answer.content.decode())
    assert "A PDF cannot be made at the moment. This is the same paper" in told
    assert SAYS in told


def test_no_page_of_the_portal_imports_weasyprint():
    """It takes half a second and a system library: only the process that sets a paper pays for it."""
    asked = "import sys, django; django.setup(); import iop_portal.urls; print('weasyprint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ── On the first page ─────────────────────────────────────────────────────────────────────────────────────────


def waiting(school, person=None):
    rows = suggestions_for(person or school.maya, now=school.sessions[2].ends_at)
    return [(str(row.title), row.text, row.url) for row in rows if "certificate" in row.url]


def test_one_that_is_ready_stands_on_the_first_page_until_it_was_looked_at(maya, school):
    row = ("A certificate is ready for you", "Relapse prevention", address(school))
    assert waiting(school) == [row]
    assert "A certificate is ready for you" in words(maya.get(reverse("home:landing")).content.decode())
    assert waiting(school) == [row]
    maya.get(address(school))
    maya.get(address(school))
    assert waiting(school) == []
    assert [line.actor for line in Entry.objects.filter(verb="certificate.opened")] == [school.maya]


def test_one_that_is_not_ready_stands_nowhere_and_looking_at_it_too_early_hides_nothing(maya, school):
    school.mark(2, "missed", seen=1)
    assert waiting(school) == []
    maya.get(address(school))
    school.mark(2, "late", seen=2)
    assert len(waiting(school)) == 1


def test_one_that_was_made_does_not_wait_for_whoever_joins_the_course_again(school):
    made(school)
    leave_course(school.part, by=school.maya, now=school.sessions[2].ends_at)
    school.join(now=school.sessions[2].ends_at)
    assert waiting(school) == []


def test_who_has_left_the_program_finds_it_and_nobody_else_does(client, school):
    school.maya.enrolments.update(state="discharged", discharged_on="2026-12-08", discharge_reason="completed")
    assert "A certificate is ready for you" in words(sign_in(client, school.maya).get("/").content.decode())
    assert [waiting(school, one) for one in (enrolled(school.program), school.amara, school.dana)] == [[], [], []]
