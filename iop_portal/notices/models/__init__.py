"""Messages owed, and how people want to be reached."""

from iop_portal.notices.models.notices import Notice
from iop_portal.notices.models.reach import Reach, ReachDefault
from iop_portal.notices.models.texts import PhoneCode, TextOptIn, TextOptOut

__all__ = ["Notice", "PhoneCode", "Reach", "ReachDefault", "TextOptIn", "TextOptOut"]
