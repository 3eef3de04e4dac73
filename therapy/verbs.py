"""What therapy records."""

from django.utils.translation import gettext_lazy as _

from iop_portal.audit.verbs import register

register(
    {
        "care.prescribed": _("changed how many hours and days of care are planned"),
    }
)
