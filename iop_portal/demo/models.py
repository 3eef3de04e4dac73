"""What a demonstration keeps. Elsewhere these tables stay empty."""

from django.db import models


class SentMail(models.Model):
    """A mail that would have gone out. It holds links that let people in: never kept outside a demonstration."""

    sent_at = models.DateTimeField(auto_now_add=True)
    sender = models.CharField(max_length=320)
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)

    class Meta:
        ordering = ("-sent_at", "-pk")

    def __str__(self) -> str:
        return f"Mail #{self.pk}"
