import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from iop_portal.demo.models import SentMail
from iop_portal.demo.urls import demonstration
from iop_portal.demo.urls import urlpatterns as elsewhere
from iop_portal.followups.models import FollowUp
from iop_portal.notices import outbox
from iop_portal.notices.delivery import deliver_owed
from iop_portal.notices.models import Notice
from tests.demo import urls
from tests.factories import NOON, admin

pytestmark = pytest.mark.django_db


@pytest.fixture
def demonstration_mail(settings):
    settings.ROOT_URLCONF = urls.__name__
    settings.EMAIL_BACKEND = "iop_portal.demo.mailbox.EmailBackend"


def send(subject="A message", text="Open it here:\nhttp://127.0.0.1:8000/invitation/x/\n", html="<p>Open it</p>"):
    message = EmailMultiAlternatives(subject, text, "Portal <portal@portal.test>", ["new@portal.test"])
    if html:
        message.attach_alternative(html, "text/html")
    message.send()
    return SentMail.objects.latest("pk")


def test_what_would_have_gone_out_can_be_read_without_signing_in(demonstration_mail, client):
    kept = send()

    listed = client.get(reverse("demo:mailbox")).content.decode()
    assert "A message" in listed
    assert "new@portal.test" in listed
    opened = client.get(reverse("demo:mail", args=[kept.pk])).content.decode()
    assert '<a href="http://127.0.0.1:8000/invitation/x/"' in opened
    assert client.get(reverse("demo:mail_as_html", args=[kept.pk])).content == b"<p>Open it</p>"


def test_an_empty_mailbox_says_what_will_be_there(demonstration_mail, client):
    assert "No mail has gone out yet." in client.get(reverse("demo:mailbox")).content.decode()


def test_words_of_a_mail_are_never_markup_on_its_page(demonstration_mail, client):
    kept = send(subject="<b>Bold</b>", text="<script>alert(1)</script>")

    opened = client.get(reverse("demo:mail", args=[kept.pk])).content.decode()
    assert "<b>Bold" not in opened
    assert "<script>alert" not in opened


def test_a_mail_without_html_has_no_page_of_it(demonstration_mail, client):
    kept = send(html="")
    assert client.get(reverse("demo:mail_as_html", args=[kept.pk])).status_code == 404


def test_what_was_not_marked_as_sent_is_not_in_the_mailbox(demonstration_mail, monkeypatch):
    owner = admin()
    task = FollowUp.objects.create(
        program=owner.roles_held.get().program,
        kind="dead_letter",
        owner=owner,
        about_type="notices.notice",
        about_id=1,
        made_at=NOON,
        due_at=NOON,
    )
    outbox.queue("follow_up_owed", to=owner, about=task, now=NOON)

    def fails(*args, **kwargs):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("iop_portal.notices.delivery.trail.record", fails)
        deliver_owed(clock=lambda: NOON)
    assert (Notice.objects.get().state, SentMail.objects.count()) == ("owed", 0)

    Notice.objects.update(resting_until=None)
    deliver_owed(clock=lambda: NOON)
    assert (Notice.objects.get().state, SentMail.objects.count()) == ("sent", 1)
    assert mail.outbox == []


def test_outside_a_demonstration_there_is_no_mailbox():
    assert not set(demonstration) & set(elsewhere)
