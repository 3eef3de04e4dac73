"""What accounts owes: notices, and acts of people."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from iop_portal.accounts import invitations
from iop_portal.followups import kinds as followups
from iop_portal.notices import kinds as notices

notices.register(
    notices.Kind(
        name="invitation",
        about="accounts.invitation",
        template="invitation",
        subject=_("A message from your portal"),
        still_owed=invitations.still_owed,
        words=invitations.words,
        address=invitations.address,
        essential=True,
    ),
)
followups.register(
    followups.Kind(
        name="glass_review",
        about="people.brokenglass",
        title=_("Review an emergency access"),
        why=_("A clinician opened a record outside their care teams. Somebody else looks at each of these."),
        due_in=timedelta(days=1),
    ),
)
