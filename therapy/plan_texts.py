"""What a plan says: its text as it is kept, what a signature is of, and how two versions differ, in words.

Pure: it knows no database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from therapy.models import TEXTS, Part

Mix = tuple[tuple[int, int], ...]
MOST_GOALS, MOST_STEPS, MOST_WAYS = 8, 10, 12


@dataclass(frozen=True)
class Step:
    key: str
    words: str


@dataclass(frozen=True)
class Goal:
    """`know` is how the person will know that they are there. Keys go on from version to version."""

    key: str
    words: str
    know: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Content:
    """A whole plan. `mix` has keys of modalities with how often a week, in order of the keys."""

    matters: str = ""
    strengths: str = ""
    needs: str = ""
    goals: tuple[Goal, ...] = ()
    mix: Mix = ()

    def goal(self, key: str) -> Goal | None:
        return next((goal for goal in self.goals if goal.key == key), None)

    def text(self, part: str) -> str:
        return str(getattr(self, part)) if part in TEXTS else ""

    @property
    def bare(self) -> bool:
        return not (self.matters or self.strengths or self.needs or self.goals)


def new_key() -> str:
    return uuid4().hex


# ── As it is kept ─────────────────────────────────────────────────────────────────────────────────────────────


def as_kept(content: Content) -> str:
    """Without the mix, which has rows of its own."""
    told = asdict(content)
    del told["mix"]
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def from_kept(text: str, mix: Mix) -> Content:
    told = json.loads(text)
    return Content(**{part.value: told[part] for part in TEXTS}, goals=tuple(map(_goal, told["goals"])), mix=mix)


def goal_as_kept(goal: Goal) -> str:
    return json.dumps(asdict(goal), ensure_ascii=False, sort_keys=True)


def goal_from_kept(text: str) -> Goal:
    return _goal(json.loads(text))


def mix_as_kept(mix: Mapping[int, int]) -> str:
    return json.dumps(sorted((way, times) for way, times in mix.items() if times))


def mix_from_kept(text: str) -> dict[int, int]:
    return {int(way): int(times) for way, times in json.loads(text)}


def _goal(told: Mapping[str, Any]) -> Goal:
    return Goal(told["key"], told["words"], told["know"], tuple(Step(**step) for step in told["steps"]))


def fingerprint(content: Content) -> str:
    """Of all that is signed: the same words and the same mix, and nothing else, have the same one."""
    return sha256(json.dumps(asdict(content), sort_keys=True).encode()).hexdigest()


NOTHING = fingerprint(Content())


def fingerprint_of(content: Content, part: str, goal: str = "") -> str:
    """Of one part, so that two people who change different ones do not clash. A new goal clashes with nothing."""
    if part == Part.MIX:
        return sha256(json.dumps(content.mix).encode()).hexdigest()
    if part in TEXTS:
        return sha256(content.text(part).encode()).hexdigest()
    held = content.goal(goal)
    return sha256(goal_as_kept(held).encode()).hexdigest() if held else ""


# ── Changing it ───────────────────────────────────────────────────────────────────────────────────────────────

Change = Callable[[Content], Content]


def with_text(part: str, words: str) -> Change:
    changed: dict[str, Any] = {part: words}
    return lambda content: replace(content, **changed)


def with_mix(mix: Mapping[int, int]) -> Change:
    return lambda content: replace(content, mix=tuple(sorted((way, times) for way, times in mix.items() if times)))


def with_goal(goal: Goal) -> Change:
    """In the place of the one with this key, or after all others."""

    def changed(content: Content) -> Content:
        if content.goal(goal.key) is None:
            return replace(content, goals=(*content.goals, goal))
        return replace(content, goals=tuple(goal if one.key == goal.key else one for one in content.goals))

    return changed


def without_goal(key: str) -> Change:
    return lambda content: replace(content, goals=tuple(goal for goal in content.goals if goal.key != key))


def with_step(goal: str, words: str) -> Change:
    def changed(content: Content) -> Content:
        held = content.goal(goal)
        if held is None:
            return content
        return with_goal(replace(held, steps=(*held.steps, Step(new_key(), words))))(content)

    return changed


def steps_of(lines: Iterable[str], held: Goal | None) -> tuple[Step, ...]:
    """One a line. A line that was there before stays the same step, wherever it stands now."""
    known = {step.words: step.key for step in held.steps} if held else {}
    return tuple(Step(known.pop(line, "") or new_key(), line) for line in lines)


# ── How two versions differ ───────────────────────────────────────────────────────────────────────────────────

ADDED, CHANGED, TAKEN_OUT = gettext_lazy("Added"), gettext_lazy("Changed"), gettext_lazy("Taken out")


@dataclass(frozen=True)
class Difference:
    """`was` is empty for what is new, `now` for what is gone. `kind` colours it, `what` says the same in a word."""

    part: str | Promise
    what: str | Promise
    kind: str
    was: str
    now: str


def differences(old: Content, new: Content, ways: Mapping[int, str]) -> list[Difference]:
    """Part by part, in the order of the plan. `ways` names modalities."""
    found: list[Difference | None] = [_difference(part.label, old.text(part), new.text(part)) for part in TEXTS]
    for key in _keys(old.goals, new.goals):
        found += _of_goal(old.goal(key), new.goal(key))
    before, after = dict(old.mix), dict(new.mix)
    for way in dict.fromkeys((*before, *after)):
        name = ways.get(way, "")
        found.append(_difference(Part.MIX.label, often(name, before.get(way, 0)), often(name, after.get(way, 0))))
    return [one for one in found if one]


def _of_goal(old: Goal | None, new: Goal | None) -> Iterator[Difference | None]:
    whole = new or old
    assert whole is not None
    if old is None or new is None:
        yield _difference(_("A goal"), _whole(old), _whole(new))
        return
    yield _difference(_("A goal"), old.words, new.words)
    label = _("“%(goal)s”") % {"goal": new.words}
    yield _difference(label, _know(old), _know(new))
    before, after = ({step.key: step.words for step in goal.steps} for goal in (old, new))
    for key in dict.fromkeys((*before, *after)):
        yield _difference(label, _step(before.get(key, "")), _step(after.get(key, "")))


def _whole(goal: Goal | None) -> str:
    if goal is None:
        return ""
    return "\n".join((goal.words, *filter(None, [_know(goal)]), *(_step(step.words) for step in goal.steps)))


def _know(goal: Goal) -> str:
    return _("How I will know: %(words)s") % {"words": goal.know} if goal.know else ""


def _step(words: str) -> str:
    return _("Step: %(words)s") % {"words": words} if words else ""


def _difference(part: str | Promise, was: str, now: str) -> Difference | None:
    if was == now:
        return None
    what, kind = (ADDED, "added") if not was else (TAKEN_OUT, "gone") if not now else (CHANGED, "changed")
    return Difference(part, what, kind, was, now)


def _keys(*goals: Sequence[Goal]) -> Iterable[str]:
    """The new order, and then what is gone."""
    old, new = goals
    return dict.fromkeys(goal.key for goal in (*new, *old))


def often(name: str, times: int) -> str:
    """Skills group, twice a week"""
    return _("%(way)s, %(often)s") % {"way": name, "often": a_week(times)} if times else ""


def a_week(times: int) -> str:
    if times == 1:
        return _("once a week")
    if times == 2:
        return _("twice a week")
    return ngettext("%(n)d time a week", "%(n)d times a week", times) % {"n": times}
