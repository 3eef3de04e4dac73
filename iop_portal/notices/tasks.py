from celery import shared_task

from iop_portal.notices import delivery


@shared_task(name="notices.deliver_owed")
def deliver_owed() -> None:
    delivery.deliver_owed()
