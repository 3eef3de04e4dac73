"""What notices itself owes: the two texts around an opt-in. They go to a phone whose owner just asked or answered."""

from django.utils.translation import gettext_lazy as _

from iop_portal.notices import texting
from iop_portal.notices.channels import TEXT_ALONE
from iop_portal.notices.kinds import Kind, register

register(
    Kind(
        name="phone_code",
        about="notices.phonecode",
        template="phone_code",
        subject=_("Your code"),
        still_owed=texting.code_still_owed,
        words=texting.code_words,
        essential=True,
        only=TEXT_ALONE,
        number=lambda code: code.phone,
    ),
    Kind(
        name="texts_stopped",
        about="notices.textoptout",
        template="texts_stopped",
        subject=_("You get no more texts"),
        still_owed=texting.stop_still_owed,
        words=lambda opt_out, to: {},
        essential=True,
        only=TEXT_ALONE,
        number=lambda opt_out: opt_out.opt_in.phone,
    ),
)
