"""What a demonstration keeps. Elsewhere these tables stay empty."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SentMail(models.Model):
    """A mail or text that would have gone out. It holds links that let people in: kept in a demonstration alone."""

    class By(models.TextChoices):
        MAIL = "mail", _("Mail")
        TEXT = "text", _("Text message")

    by = models.CharField(max_length=4, choices=By, default=By.MAIL)
    sent_at = models.DateTimeField(auto_now_add=True)
    sender = models.CharField(max_length=320, blank=True)
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    html = models.TextField(blank=True)

    class Meta:
        ordering = ("-sent_at", "-pk")

    def __str__(self) -> str:
        return f"Mail #{self.pk}"
