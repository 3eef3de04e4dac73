"""What happened, as verbs, each with the sentence a client reads in "Who opened my record".

An app adds its own in `AppConfig.ready` with `register`. A test finds every verb that is recorded. Where the sentence
speaks to the client ("opened your record"), `to_others` says the same for everybody else ("opened a client's record").
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

sentences: dict[str, str | Promise] = {}
_to_others: dict[str, str | Promise] = {}


def register(new: Mapping[str, str | Promise], *, to_others: Mapping[str, str | Promise] | None = None) -> None:
    for verb, sentence in new.items():
        if sentences.setdefault(verb, sentence) is not sentence:
            raise ValueError(f"The verb {verb} is registered twice.")
    _to_others.update(to_others or {})


def told_to_others(verb: str) -> str:
    """The sentence for somebody whose record it is not."""
    return str(_to_others.get(verb, sentences[verb]))


register(
    {
        "trail.read": _("read the list of who did what"),
    }
)
