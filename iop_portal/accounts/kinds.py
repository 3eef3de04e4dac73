"""What accounts owes: notices, and acts of people."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from iop_portal.accounts import invitations, sign_in
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
    notices.Kind(
        name="password_reset",
        about="audit.entry",
        template="password_reset",
        subject=_("A message from your portal"),
        still_owed=sign_in.reset_still_owed,
        words=sign_in.reset_words,
        essential=True,
    ),
    notices.Kind(
        name="confirm_address",
        about="audit.entry",
        template="confirm_address",
        subject=_("Your portal: please confirm your address"),
        still_owed=sign_in.confirmation_still_owed,
        words=sign_in.confirmation_words,
        address=sign_in.confirmation_address,
        essential=True,
    ),
    notices.Kind(
        name="account_changed",
        about="audit.entry",
        template="account_changed",
        subject=_("A message from your portal"),
        still_owed=lambda entry: True,
        words=sign_in.change_words,
        essential=True,
    ),
    notices.Kind(
        name="address_changed",
        about="accounts.formeraddress",
        template="address_changed",
        subject=_("A message from your portal"),
        still_owed=lambda former: True,
        words=sign_in.former_words,
        address=sign_in.former_address,
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
        page="office:review_glass",
    ),
)
