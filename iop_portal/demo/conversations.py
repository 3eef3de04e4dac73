"""What Maya and her care team wrote to one another, and what Sam once did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from iop_portal.people.models import Program, User
from therapy.conversations import assign_thread, begin_thread, close_thread, messages_in, open_thread, write_message
from therapy.models import Thread


def tell_conversations(program: Program, *, ago: Callable[[int, time], datetime], now: datetime) -> None:
    """One of Maya's has an answer that she has not read, the other a question that Amara has not."""
    maya, amara = _person("maya"), _person("amara")
    lunch = _begin(
        maya,
        program,
        "Sunday lunch",
        "Rosa asked me for lunch on Sunday. There will be wine on the table. I would like to go, and I am not sure.",
        at=ago(6, time(20, 10)),
    )
    _read(lunch, amara, at=ago(5, time(8, 40)))
    assign_thread(lunch, to=amara, by=amara, now=ago(5, time(8, 41)))
    _write(
        lunch, amara, "Thank you for saying it before, not after. What would make it easier?", at=ago(5, time(8, 45))
    )
    _read(lunch, maya, at=ago(5, time(12, 30)))
    _write(lunch, maya, "If I sit beside Rosa, and leave at three whatever happens.", at=ago(5, time(12, 35)))
    _read(lunch, amara, at=ago(4, time(9)))
    _write(
        lunch,
        amara,
        "That is a plan. Tell Rosa about three o’clock before you go. We look at how it went when we meet.",
        at=ago(1, time(9, 5)),
    )
    asked = now - timedelta(hours=3)
    _begin(maya, program, "", "Could we meet at noon instead of one on my next day? Work has a call.", at=asked)


def tell_the_end(sam: User, tom: User, program: Program, *, ago: Callable[[int, time], datetime]) -> None:
    """Told before he left: he reads it still."""
    keys = _begin(sam, program, "My last week", "Will I still reach somebody after Friday?", at=ago(126, time(18)))
    _read(keys, tom, at=ago(125, time(9)))
    _write(keys, tom, "Yes: call us. What we wrote here stays yours to read.", at=ago(125, time(9, 4)))
    _read(keys, sam, at=ago(125, time(19)))
    close_thread(keys, by=tom, now=ago(124, time(9)))


def _person(slug: str) -> User:
    found: User = User.objects.get(email=f"{slug}@portal.test")
    return found


def _once(text: str) -> UUID:
    return uuid5(NAMESPACE_URL, text)


def _begin(client: User, program: Program, subject: str, text: str, *, at: datetime) -> Thread:
    return begin_thread(client, program=program, subject=subject, text=text, once=_once(text), by=client, now=at)


def _write(thread: Thread, by: User, text: str, *, at: datetime) -> None:
    write_message(thread, text=text, once=_once(text), by=by, now=at)


def _read(thread: Thread, by: User, *, at: datetime) -> None:
    open_thread(thread, list(messages_in(thread)), by=by, now=at)
