"""What somebody is writing and has not sent: kept for them alone, until they send it or throw it away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from iop_portal.people.models import User
from iop_portal.writes import write
from therapy.models import Draft, Message, Thread


def draft_of(writer: User, *, client: User, thread: Thread | None = None) -> Draft | None:
    return Draft.objects.filter(writer=writer, client=client, thread=thread).first()


@write
def save_draft(
    writer: User,
    *,
    client: User,
    thread: Thread | None = None,
    subject: str = "",
    text: str,
    once: UUID | None,
    now: datetime,
) -> None:
    """Nothing typed is nothing kept. `once` is the form's: one that was sent meanwhile keeps nothing any more."""
    User.objects.lock_no_key(writer.pk)
    if once is not None and Message.objects.filter(sender=writer, once=once).exists():
        return
    if not subject.strip() and not text.strip():
        Draft.objects.filter(writer=writer, client=client, thread=thread).delete()
        return
    Draft.objects.update_or_create(
        writer=writer,
        client=client,
        thread=thread,
        defaults={"subject": subject, "text": text, "saved_at": now},
    )
