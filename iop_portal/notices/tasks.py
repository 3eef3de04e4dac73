from celery import shared_task

from iop_portal.notices import delivery
from iop_portal.notices.channels import Channel


@shared_task(name="notices.deliver_owed")
def deliver_owed() -> None:
    delivery.deliver_owed(channel=Channel.PORTAL)
    delivery.deliver_owed(channel=Channel.MAIL)


@shared_task(name="notices.deliver_texts")
def deliver_texts() -> None:
    """By itself, so that a provider that hangs holds up no mail."""
    delivery.deliver_owed(channel=Channel.TEXT)
