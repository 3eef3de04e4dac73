"""Messages as the two sides find them."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from iop_portal.audit.models import Entry
from tests.factories import ProgramFactory, clinician, enrolled, on_care_team
from tests.signing_in import sign_in
from therapy.conversations import assign_thread, begin_thread, close_thread, write_message
from therapy.models import Draft, Message, Thread

pytestmark = pytest.mark.django_db
OWN, NEW, INBOX = (reverse(f"therapy:{name}") for name in ("messages", "write", "inbox"))
LIST_QUERIES, INBOX_QUERIES, THREAD_QUERIES = 8, 7, 16


@pytest.fixture
def program():
    return ProgramFactory(phone="(212) 555-0142", after_hours_phone="(212) 555-0143")


@pytest.fixture
def amara(program):
    return clinician(program, preferred_name="Amara", surname="Osei")


@pytest.fixture
def maya(program, amara):
    user = enrolled(program, preferred_name="Maya", surname="Torres")
    on_care_team(amara, user, part="primary")
    return user


def begin(client, program, by=None, **said):
    said = {"subject": "Sunday", "text": "Could we talk?", "now": timezone.now() - timedelta(hours=1)} | said
    return begin_thread(client, program=program, once=uuid4(), by=by or client, **said)


def url_of(thread, name="thread"):
    return reverse(f"therapy:{name}", args=[thread.pk])


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def posted(text, **more):
    return {"text": text, "once": str(uuid4()), **more}


def test_a_client_writes_and_the_team_answers(client, maya, amara):
    sign_in(client, maya)
    answer = client.post(NEW, posted("Could we talk?", subject="Sunday"), follow=True)
    assert "Not read yet" in words(answer)
    thread = Thread.objects.get()
    sign_in(client, amara)
    assert "1 conversation has something new for you." in words(client.get(INBOX))
    client.get(url_of(thread))
    assert "Nothing new waits for you." in words(client.get(INBOX))
    client.post(url_of(thread), posted("Yes, on Monday."))
    sign_in(client, maya)
    assert "Your care team wrote to you" in words(client.get("/"))
    page = words(client.get(url_of(thread)))
    assert "Read: Amara," in page
    assert "Yes, on Monday." in page
    assert "Your care team wrote to you" not in words(client.get("/"))


def test_before_writing_it_says_when_there_is_an_answer_and_what_to_do_instead(client, maya):
    page = words(sign_in(client, maya).get(NEW))
    assert "Messages are not watched around the clock. We answer within a day." in page
    assert "get help now" in page
    assert "(212) 555-0142" in page
    assert "(212) 555-0143" in page
    assert "nobody can change it or take it back" in page


def test_what_was_typed_comes_back_when_it_cannot_be_sent(client, maya, program):
    thread = begin(maya, program)
    sign_in(client, maya)
    page = client.get(url_of(thread))
    assert page.context["may_write"]
    maya.enrolments.update(state="discharged", discharge_reason="left", discharged_on=timezone.localdate())
    answer = client.post(url_of(thread), posted("One more thing"))
    assert (answer.status_code, Message.objects.count()) == (409, 1)
    empty = client.post(url_of(thread), posted(" "))
    assert empty.status_code == 400
    assert "Write something first." in words(empty)


def test_an_alum_reads_and_is_told_whom_to_call(client, maya, program):
    thread = begin(maya, program)
    maya.enrolments.update(state="discharged", discharge_reason="left", discharged_on=timezone.localdate())
    sign_in(client, maya)
    page = words(client.get(url_of(thread)))
    assert "Could we talk?" in page
    assert "You can read this, and not write any more" in page
    assert "Call us instead: (212) 555-0142" in page
    assert "Write to your care team" not in words(client.get(OWN))
    assert "Nobody reads new messages here for you at present." in words(client.get(NEW))
    assert OWN in client.get("/more/").content.decode()


def test_an_applicant_without_a_care_team_is_told_what_to_do(client, program):
    sign_in(client, enrolled(program, "referred"))
    page = words(client.get(NEW))
    assert "or call (212) 555-0142" in page
    assert not client.get(NEW).context.get("form")


def test_a_draft_is_kept_by_a_button_and_by_the_page_itself(client, maya, program, amara):
    thread = begin(maya, program)
    sign_in(client, maya)
    client.post(url_of(thread), posted("Half of", keep="1"))
    quiet = client.post(url_of(thread), posted("Half of it", keep="1"), headers={"X-Portal-Poll": "1"})
    assert quiet.status_code == 204
    page = client.get(url_of(thread))
    assert page.context["form"].initial["text"] == "Half of it"
    assert "This is the draft that you kept" in words(page)
    assert (Draft.objects.count(), Message.objects.count()) == (1, 1)
    assert "Half of it" not in words(sign_in(client, amara).get(url_of(thread)))


def test_a_new_conversation_has_a_draft_of_its_own(client, maya):
    sign_in(client, maya)
    client.post(NEW, {"subject": "Sunday", "text": "", "once": str(uuid4()), "keep": "1"})
    assert client.get(NEW).context["form"].initial == {"subject": "Sunday", "text": ""}


def test_somebody_in_two_programs_says_which_team_is_meant(client, maya, program):
    second = ProgramFactory()
    other = maya.enrolments.create(program=second, state="referred", referred_on=timezone.localdate())
    other.care_team.create(clinician=clinician(second), since=timezone.now())
    sign_in(client, maya)
    assert client.post(NEW, posted("Hello")).status_code == 400
    client.post(NEW, posted("Hello", program=second.pk))
    assert Thread.objects.get().program == second


def test_a_clinician_writes_first_from_the_client_s_page(client, maya, amara):
    sign_in(client, amara)
    url = reverse("therapy:write_to", args=[maya.pk])
    assert url in client.get(reverse("home:client", args=[maya.pk])).content.decode()
    client.post(url, posted("How was the weekend?"))
    thread = Thread.objects.get()
    assert (thread.client, thread.begun_by, thread.waiting_since) == (maya, amara, None)
    assert url_of(thread) in client.get(reverse("home:client", args=[maya.pk])).content.decode()


def test_the_day_says_that_something_was_written(client, maya, amara, program):
    begin(maya, program)
    page = words(sign_in(client, amara).get(reverse("home:caseload")))
    assert "1 conversation has something new" in page
    assert "1 thing needs you" in page


def test_the_list_is_narrowed_and_what_waits_longest_is_first(client, maya, amara, program):
    now = timezone.now()
    first, second, third, fourth = (
        begin(maya, program, now=now - timedelta(hours=hours), subject=f"No {hours}") for hours in (4, 3, 2, 1)
    )
    assign_thread(second, to=amara, by=amara, now=now)
    close_thread(third, by=amara, now=now)
    write_message(first, text="Yes", once=uuid4(), by=amara, now=now)
    sign_in(client, amara)
    listed = {show: client.get(INBOX, {"show": show}).context["threads"] for show in ("", "mine", "unassigned", "x")}
    assert listed == {
        "": [second, fourth, first, third],
        "mine": [second],
        "unassigned": [fourth, first, third],
        "x": [second, fourth, first, third],
    }
    assert Entry.objects.filter(verb="conversation.listed").first().facts == {"count": 4}


def test_it_is_given_to_somebody_and_closed_by_a_button(client, maya, amara, program):
    grace = clinician(program, preferred_name="Grace", surname="Hall")
    on_care_team(grace, maya)
    thread = begin(maya, program)
    sign_in(client, amara)
    page = client.post(url_of(thread, "assign_thread"), {"to": grace.pk}, follow=True)
    assert "Grace Hall sees to it." in words(page)
    page = client.post(url_of(thread, "assign_thread"), {"to": clinician(program).pk}, follow=True)
    assert "Choose somebody who is on the care team now." in words(page)
    page = client.post(url_of(thread, "assign_thread"), {"to": ""}, follow=True)
    assert "The whole care team sees to it." in words(page)
    page = client.post(url_of(thread, "close_thread"), follow=True)
    assert "Closed by Amara Osei" in words(page)
    assert "Somebody has closed this conversation already." in words(
        client.post(url_of(thread, "close_thread"), follow=True)
    )


def test_what_somebody_types_is_text_and_nothing_else(client, maya, program):
    thread = begin(maya, program, subject="<b>x</b>", text="<script>alert(1)</script>")
    page = sign_in(client, maya).get(url_of(thread)).content.decode()
    assert "<script>alert(1)" not in page
    assert "<b>x</b>" not in page


def queries_of(client, url):
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


@pytest.mark.parametrize("many", [2, 9])
def test_lists_and_conversations_cost_the_same_however_long(client, amara, program, many):
    maya = enrolled(program)
    on_care_team(amara, maya)
    for number in range(4):
        on_care_team(clinician(program, preferred_name=f"N{number}"), maya)
    thread = begin(maya, program)
    for number in range(many):
        begin(maya, program)
        write_message(thread, text="Hm", once=uuid4(), by=maya if number % 2 else amara, now=timezone.now())
    for reader in (maya, amara):
        sign_in(client, reader).get(url_of(thread))
    own = queries_of(sign_in(client, maya), OWN)
    inbox = queries_of(sign_in(client, amara), INBOX)
    read = queries_of(client, url_of(thread))
    assert (own, inbox, read) == (LIST_QUERIES, INBOX_QUERIES, THREAD_QUERIES)


def test_a_long_conversation_has_pages_the_newest_first(client, maya, program):
    thread = begin(maya, program, text="The first")
    for number in range(30):
        write_message(thread, text=f"No {number}", once=uuid4(), by=maya, now=timezone.now())
    sign_in(client, maya)
    newest = words(client.get(url_of(thread)))
    assert "No 29" in newest
    assert "The first" not in newest
    assert "The first" in words(client.get(url_of(thread), {"page": 2}))


def test_what_waits_to_be_read_stands_before_what_is_newer(client, maya, amara, program):
    old = begin(maya, program, by=amara, subject="From Amara", now=timezone.now() - timedelta(days=2))
    new = begin(maya, program, subject="From Maya")
    sign_in(client, maya)
    assert client.get(reverse("therapy:messages")).context["threads"] == [old, new]
    client.get(url_of(old))
    assert client.get(reverse("therapy:messages")).context["threads"] == [new, old]
