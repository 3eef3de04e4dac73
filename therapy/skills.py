"""The skills that a program teaches: its own list, with a standard one to begin with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.refusals import Refused
from iop_portal.versions import save_edit, version_of
from iop_portal.writes import write
from therapy.models import Skill


class SkillNameTaken(Refused):
    message = gettext_lazy("There is a skill of this name already.")
    constraint = "skills_of_a_program_have_names_of_their_own"


class OddMinutes(Refused):
    message = gettext_lazy("A skill takes from 1 to 120 minutes.")
    constraint = "a_skill_takes_1_to_120_minutes"
    status = 400


@dataclass(frozen=True)
class SkillDetails:
    name: str
    in_short: str
    how: str
    minutes: int = 5


DETAILS = tuple(field.name for field in fields(SkillDetails))

# In our own words. What each is called elsewhere does not matter to whoever practises it.
STANDARD = (
    SkillDetails(
        _("Ride the wave"),
        _("Watch an urge rise and fall, without doing what it wants."),
        _(
            "Sit or stand still. Find the place in your body where the urge is strongest. Say what you notice: warm, "
            "tight, restless. Breathe into it and watch. It rises, it stays a while, it falls; most take less than "
            "half an hour. You need not fight it. You only need to be there when it goes."
        ),
        20,
    ),
    SkillDetails(
        _("Four questions: HALT"),
        _("Hungry, angry, lonely, tired? See what is really missing."),
        _(
            "When you feel pulled, stop and ask: am I hungry? Angry? Lonely? Tired? Answer yes or no to each. Then "
            "see to one of them first: eat something, say what annoys you, write to somebody, lie down for ten "
            "minutes. After that, look at the urge again."
        ),
        5,
    ),
    SkillDetails(
        _("Write a thought down"),
        _("Look at a hard thought on paper, and at what speaks for and against it."),
        _(
            "Write down what happened, in one line. Then the thought that came, and how strong the feeling is, from 0 "
            "to 10. Now two columns: what speaks for the thought, what speaks against it. At the end write a "
            "sentence that is fair to both. Look at the feeling again."
        ),
        15,
    ),
    SkillDetails(
        _("Five, four, three, two, one"),
        _("Come back to the room you are in, through your senses."),
        _(
            "Name five things you see. Four things you can touch; touch them. Three sounds. Two smells. One taste. Go "
            "slowly, aloud if you can. Begin again if your head runs off."
        ),
        5,
    ),
    SkillDetails(
        _("One pleasant thing"),
        _("Put one small good thing into a day, and keep it like an appointment."),
        _(
            "Choose something that costs little and that you once liked: a walk to the river, a song from beginning "
            "to end, soup from scratch. Say when. Do it also if you do not feel like it; the liking often comes "
            "afterwards. Notice one moment of it that was good."
        ),
        30,
    ),
    SkillDetails(
        _("Call somebody before"),
        _("Speak to a person while the urge is still small."),
        _(
            "Choose three people now and write their numbers where you see them. When you notice the first sign, call "
            "the first one. You need not explain: “I am calling so that I do not do something else” is enough. "
            "Nobody there? Call the next. Stay on the phone until you are somewhere else."
        ),
        10,
    ),
    SkillDetails(
        _("Breathe longer out than in"),
        _("Let your body know that it may calm down."),
        _(
            "Breathe in while you count to four. Breathe out while you count to six. Ten times. If you get dizzy, "
            "breathe as usual for a while. Shoulders down, jaw loose."
        ),
        3,
    ),
    SkillDetails(
        _("Wait fifteen minutes"),
        _("Put the decision off, and fill the time."),
        _(
            "Tell yourself: not never, only not now. Set a timer for fifteen minutes. Do something with your hands "
            "until it rings: wash up, sort a drawer, walk round the block. Then decide anew. You may put it off again."
        ),
        15,
    ),
    SkillDetails(
        _("Say no in one sentence"),
        _("Practise an answer before you need it."),
        _(
            "Think of one person and one situation. Find a sentence that is short and true: “No thanks, I am driving "
            "tomorrow.” Say it aloud three times, in front of a mirror or to somebody. Then decide what you do next: "
            "change the subject, get yourself something else, go."
        ),
        10,
    ),
    SkillDetails(
        _("Play the film to the end"),
        _("See more than the first five minutes."),
        _(
            "Close your eyes and let the evening run on, as it would go if you gave in: the first hour, the night, the "
            "next morning, the faces. Then let the other film run: the evening in which you do not. Write down one "
            "thing that you want to wake up to."
        ),
        10,
    ),
    SkillDetails(
        _("An evening that leads to sleep"),
        _("The last hour of the day, the same each night."),
        _(
            "An hour before bed: no screen, less light, something warm to drink without caffeine. Write tomorrow’s "
            "three things on paper, so that your head may put them down. Bed at the same time. If you lie awake for "
            "long, get up, sit in dim light, and try again."
        ),
        60,
    ),
    SkillDetails(
        _("A kind word to yourself"),
        _("Speak to yourself as to a friend who has had that day."),
        _(
            "Write down what you reproach yourself with. Now imagine that a good friend had told you just that. What "
            "would you say? Write it down, with your own name in front. Read it aloud once."
        ),
        10,
    ),
)


def details_of(skill: Skill) -> SkillDetails:
    return SkillDetails(skill.name, skill.in_short, skill.how, skill.minutes)


def skill_version(skill: Skill) -> str:
    return version_of(skill, DETAILS)


@write
def add_skill(program: Program, details: SkillDetails, *, by: User, now: datetime) -> Skill:
    skill = Skill.objects.create(program=program, **asdict(details))
    trail.record("skill.added", skill, by=by, at=now)
    return skill


@write
def change_skill(skill: Skill, details: SkillDetails, *, seen: str, by: User, now: datetime) -> Skill:
    """`seen` is the `skill_version` that an admin had before them."""
    skill, changed = save_edit(skill, asdict(details), seen=seen)
    if changed:
        trail.record("skill.changed", skill, by=by, at=now, facts={"fields": ", ".join(changed)})
    return skill


@write
def set_skill_in_use(skill: Skill, in_use: bool, *, by: User, now: datetime) -> None:
    """Out of use nobody finds it any more; what was given of it stays."""
    if Skill.objects.filter(pk=skill.pk, in_use=not in_use).update(in_use=in_use):
        trail.record("skill.brought_back" if in_use else "skill.retired", skill, by=by, at=now)


@write
def offer_standard_skills(program: Program, *, by: User, now: datetime) -> list[Skill]:
    """Add those of the standard list that the program has not yet, by their names."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    there = {name.lower() for name in program.skills.values_list("name", flat=True)}
    told = [SkillDetails(gettext(one.name), gettext(one.in_short), gettext(one.how), one.minutes) for one in STANDARD]
    made = Skill.objects.bulk_create(
        Skill(program=program, **asdict(one)) for one in told if one.name.lower() not in there
    )
    trail.record("skill.standard_added", by=by, at=now, facts={"count": len(made)})
    return made
