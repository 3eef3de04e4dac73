"""How the story's people are reached: Maya by text and in the portal as well, Theo and the others by mail."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from iop_portal.accounts.profile import change_settings
from iop_portal.demo.background import Ago
from iop_portal.notices import reach, texting
from iop_portal.notices.channels import Channel
from iop_portal.notices.models import Notice
from iop_portal.people.models import Program, User
from scheduling.reminders import KIND, owe_reminders

PHONE = "(212) 555-0188"
# Whose reminders go out while the story is watched. Everybody else's have.
WATCHED = ("maya@portal.test", "theo@portal.test")


def sign_up_for_texts(program: Program, *, ago: Ago) -> None:
    """Maya signs, reads the code on her phone, and chooses her leads and her nights."""
    maya = User.objects.get(email="maya@portal.test")
    signed = ago(24)
    maya.phone, maya.voicemail_ok = PHONE, False
    change_settings(maya, changed=["phone"], now=signed)
    read = texting.fingerprint(texting.wording(maya, phone=texting.digits(PHONE)))
    asked = texting.ask_for_code(maya, phone=PHONE, signature=maya.full_name, read=read, now=signed)
    code = str(texting.code_words(asked, None)["code"])
    texting.confirm_code(maya, code=code, program=program, now=signed + timedelta(minutes=2))
    every = [channel.value for channel in Channel]
    wanted = reach.Wanted(
        appointments_by=[Channel.MAIL, Channel.PORTAL],
        reminders_by=every,
        leads=[24 * 60, 120],
        quiet_from=time(22),
        quiet_until=time(7, 30),
    )
    reach.set_reach(maya, wanted, now=signed + timedelta(minutes=5))


def read_what_was_told(*, now: datetime) -> None:
    """All but the newest, once the old messages are sent."""
    unread = Notice.objects.unread()
    newest = unread.order_by("-ended_at", "-pk").values("pk")[:1]
    unread.exclude(pk__in=newest).update(read_at=now)


def owe_present_reminders(*, now: datetime) -> list[int]:
    """What is due at this moment: the keys of those that go out while the story is watched."""
    owe_reminders(now=now)
    watched = Notice.objects.owed().filter(kind=KIND, to__email__in=WATCHED)
    return list(watched.values_list("pk", flat=True))
