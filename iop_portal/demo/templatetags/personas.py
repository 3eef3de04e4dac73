"""The personas, for the sign-in page."""

from django import template
from django.conf import settings

from iop_portal.demo.cast import PERSONAS, Persona

register = template.Library()


@register.simple_tag
def personas() -> tuple[Persona, ...]:
    """Nobody, unless this is a demonstration."""
    return PERSONAS if settings.PORTAL_DEMO else ()
