"""By what people are written to, and about what they choose how."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Channel(models.TextChoices):
    MAIL = "mail", pgettext_lazy("channel", "By e-mail")
    TEXT = "text", pgettext_lazy("channel", "By text message")
    PORTAL = "portal", pgettext_lazy("channel", "Here in the portal")


class Topic(models.TextChoices):
    """Kinds of notice that a person chooses channels for. What protects an account is in none of them."""

    APPOINTMENTS = (
        "appointments",
        _("When an appointment is booked, moved or cancelled, and when somebody writes to you"),
    )
    REMINDERS = "reminders", _("Before an appointment")


MAIL_ALONE = frozenset({Channel.MAIL})
TEXT_ALONE = frozenset({Channel.TEXT})
EVERY_CHANNEL = frozenset(Channel)
