"""What happened, as verbs, each with the sentence a client reads in "Who opened my record".

An app adds its own in `AppConfig.ready` with `register`. A test finds every verb that is recorded.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

sentences: dict[str, str | Promise] = {}


def register(new: Mapping[str, str | Promise]) -> None:
    for verb, sentence in new.items():
        if sentences.setdefault(verb, sentence) is not sentence:
            raise ValueError(f"The verb {verb} is registered twice.")


register(
    {
        "trail.read": _("read the list of who did what"),
    }
)
