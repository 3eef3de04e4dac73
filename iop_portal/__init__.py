"""The frame of the IOP portal."""

from iop_portal.celery import app as celery_app

__all__ = ["celery_app"]
