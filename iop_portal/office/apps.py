from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs


class OfficeConfig(AppConfig):
    name = "iop_portal.office"
    label = "office"

    def ready(self) -> None:
        verbs.register(
            {
                "clients.listed": _("read the list of a program’s clients"),
                "enrolment.viewed": _("looked at your enrolment: state, dates and care team"),
                "apart.listed": _("read a list of people who do not meet here"),
                "glass.listed": _("read a list of emergency accesses"),
            },
            to_others={"enrolment.viewed": _("looked at an enrolment: state, dates and care team")},
        )
