"""The standard guide to the four phases, to begin with and to rewrite. Clients read it word for word (DOMAIN §1)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from therapy.models import Prescription

Phase = Prescription.Phase


@dataclass(frozen=True)
class StandardGuide:
    """Without hours and days it takes what the program's rules call usual."""

    phase: str
    what_for: str
    criteria: tuple[str, ...]
    hours: int | None = None
    days: int | None = None


STANDARD = (
    StandardGuide(
        Phase.ORIENTATION,
        _(
            "The first days. You find your way around, get to know your counsellor and your group, and say what you "
            "hope for. Nothing has to be solved yet."
        ),
        (
            _("You have been here on most of the days that were planned."),
            _("You and your counsellor have written down what you want of your care, and have both signed it."),
            _("You know whom to call in a hard hour, by day and by night."),
        ),
    ),
    StandardGuide(
        Phase.CORE,
        _(
            "The main part. You come often, so that there is time to look at what leads to hard hours, and to practise "
            "other ways through them until they hold. Most people stay here longest."
        ),
        (
            _("You come to most of what is planned, and say so when you cannot."),
            _("You know your risky moments, and have a plan for each of them."),
            _("When an urge or a bad day comes, you use something that you practised here."),
            _("Something at home, at work or at school has become steadier."),
            _("Outside of here there is somebody whom you can call."),
        ),
    ),
    StandardGuide(
        Phase.STEP_DOWN,
        _(
            "You come less often and try in ordinary weeks what you have learned. If that turns out to be too early, "
            "coming more often again is a normal step."
        ),
        (
            _("Ordinary weeks hold with fewer hours here."),
            _("When something went wrong, you told somebody soon and found your way again."),
            _("You know your early signs, and so does somebody close to you."),
            _("You know who and what will be there for you afterwards."),
        ),
        6,
        2,
    ),
    StandardGuide(
        Phase.CONTINUING,
        _(
            "You come about once a week, to keep what you have built. You make your plan for the time afterwards and "
            "say goodbye at your own pace."
        ),
        (
            _("Your weeks hold without coming here often."),
            _("Your plan for the time afterwards has names, places and dates in it."),
            _("You know how to come back, and would do so before it gets bad."),
        ),
        3,
        1,
    ),
)
