"""Where a demonstration's mail goes."""

from django.core.mail.backends.locmem import EmailBackend

__all__ = ["EmailBackend"]
