from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from iop_portal.followups import kinds


class DemoConfig(AppConfig):
    name = "iop_portal.demo"
    label = "demo"

    def ready(self) -> None:
        kinds.register(
            kinds.Kind(
                name="demo_welcome",
                about="people.enrolment",
                title=_("Call a new client"),
                why=_("They accepted their invitation. Their counsellor calls them within two days."),
                due_in=timedelta(days=2),
                to_client=_("Call you, so that you know whom to ask"),
            ),
            kinds.Kind(
                name="demo_call_back",
                about="people.enrolment",
                title=_("Call back"),
                why=_("The front desk took a call while you were in a session."),
                due_in=timedelta(days=1),
                to_client=_("Call you back"),
            ),
        )
