"""What home owes: notices, and acts of people."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from iop_portal.followups import kinds as followups
from iop_portal.notices import kinds as notices

notices.register(
    *(
        notices.Kind(
            name=name,
            about=about,
            template="choices_changed",
            subject=_("Something changed in your account"),
            # It tells of a fact that stays true, and it protects whoever was made to sign.
            still_owed=lambda subject: True,
            words=lambda subject, to: {},
            essential=True,
        )
        for name, about in (("consent_signed", "consents.consent"), ("consent_withdrawn", "consents.revocation"))
    )
)
followups.register(
    followups.Kind(
        name="consent_withdrawn",
        about="consents.consent",
        title=_("Stop telling: a permission was withdrawn"),
        why=_("A client withdrew a permission. Whatever people still pass on by phone or letter has to end."),
        due_in=timedelta(days=1),
        to_client=_("See that nobody passes on what you no longer permit"),
    ),
)
