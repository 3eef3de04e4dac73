"""Names for devices, such as people use for them."""

from allauth.usersessions.models import UserSession
from django import template
from django.utils.translation import gettext as _

register = template.Library()

# In this order: each later browser also claims to be the ones below it.
BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


@register.filter
def device(session: UserSession) -> str:
    """Firefox on Windows"""
    browser = _first(BROWSERS, session.user_agent)
    system = _first(SYSTEMS, session.user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("A device we do not know")


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for mark, name in names.items() if mark in user_agent), "")
