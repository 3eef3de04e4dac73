"""The care plans of the story: Maya's second version with a suggestion beside it, Theo's draft, what Sam keeps, and
one for everybody else who is in the program. And what the personas practise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Protocol

from iop_portal.people.models import CareTeam, Enrolment, Program, User
from therapy.care_plans import plan_of
from therapy.homework import give_homework, not_this_time, practised
from therapy.library import mark_text, offer_standard_texts
from therapy.models import CarePlan, Modality, Part, PlanShare, PlanSignature, Side, Sitting
from therapy.plan_drafting import sign_plan, write_goal, write_mix, write_text
from therapy.plan_progress import Said, record_progress
from therapy.plan_suggestions import suggest_step
from therapy.plan_texts import Content, Goal, Step, as_kept, fingerprint, fingerprint_of, new_key
from therapy.practices import practices
from therapy.sittings import keep_sitting, pin
from therapy.skills import offer_standard_skills


class Ago(Protocol):
    """So many days back, by the clock on the wall."""

    def __call__(self, days: int, at: time = ...) -> datetime: ...


SHOP = "I come home from work without stopping at the shop."
LEO = "Leo can count on me on Saturdays."
# What matters, and a goal, of people whom nobody will look at closely.
OTHERS = (
    ("My daughter, and sleeping through.", "I pick Nina up from school myself."),
    ("Work that I can hold on to.", "I get through a Friday night at home."),
    ("My mother’s house, my brothers.", "I say no once, and stay."),
    ("Being outside. Quiet.", "I walk every morning before I look at my phone."),
)


def tell_plans(program: Program, amara: User, *, ago: Ago) -> None:
    ways = dict(Modality.objects.filter(program=program).values_list("name", "pk"))
    _maya(amara, ways, ago=ago)
    _theo(amara, ways, ago=ago)


def _maya(amara: User, ways: Mapping[str, int], *, ago: Ago) -> None:
    enrolment = _enrolment("maya")
    maya, first = enrolment.client, ago(26, time(20))
    _text(enrolment, Part.MATTERS, "Rosa, and being somebody Leo can count on. My job. Sundays.", first)
    _text(enrolment, Part.STRENGTHS, "I am stubborn, and I show up. Rosa, and Dee from the group.", first)
    shop = _goal(SHOP, "Find another way home", "Call Dee when the bus is late")
    write_goal(enrolment, shop, seen="", by=maya, now=first)
    _mix(enrolment, {ways["One-to-one counselling"]: 1, ways["Process group"]: 2}, first)
    _sign(enrolment, amara, ago(25))
    home, *_others = shop.steps
    way_home = Said("slowly", "Three days of five I took the river path.", {home.key: "done"})
    record_progress(enrolment, shop.key, way_home, by=maya, now=ago(17, time(19)))

    second = ago(11, time(20))
    _text(enrolment, Part.NEEDS, "Evenings with something in them. A call on the days before payday.", second)
    more = Goal(
        shop.key,
        SHOP,
        "I know what I did with my evening, and slept after it.",
        (*shop.steps, _step("Tell one person at work")),
    )
    write_goal(
        enrolment, more, seen=fingerprint_of(plan_of(enrolment).content, Part.GOAL, shop.key), by=maya, now=second
    )
    leo = _goal(LEO, "Put football in my week", "A family session with Rosa")
    write_goal(enrolment, leo, seen="", by=maya, now=second)
    often = {"One-to-one counselling": 1, "Process group": 2, "Skills group": 1}
    _mix(enrolment, {ways[name]: times for name, times in often.items()}, second)
    _sign(enrolment, amara, ago(10))
    dee, football = more.steps[1], leo.steps[0]
    record_progress(
        enrolment,
        shop.key,
        Said("well", "The river path is mine now.", {dee.key: "now"}),
        by=maya,
        now=ago(2, time(21)),
    )
    record_progress(enrolment, leo.key, Said(steps={football.key: "done"}), by=amara, now=ago(3, time(11)))
    words = "Go to one mindfulness group, and see if the evenings feel shorter."
    suggest_step(enrolment, shop.key, words, by=amara, now=ago(1, time(16)))


def _theo(amara: User, ways: Mapping[str, int], *, ago: Ago) -> None:
    """Written with Amara on his second day. She has signed; he has not yet."""
    enrolment = _enrolment("theo")
    at = ago(1, time(11))
    _text(enrolment, Part.MATTERS, "Getting my days back. My dog. Not lying any more.", at)
    goal = _goal("I get up before nine and eat something.", "Set out breakfast the night before")
    write_goal(enrolment, goal, seen="", by=enrolment.client, now=at)
    _mix(enrolment, {ways["One-to-one counselling"]: 1, ways["Skills group"]: 2}, at)
    read = plan_of(enrolment).draft
    assert read is not None
    sign_plan(enrolment, name=amara.full_name, read=read.plan.fingerprint, by=amara, now=at + timedelta(hours=1))


def tell_sams_plan(enrolment: Enrolment, tom: User, *, ago: Ago) -> None:
    """Signed while he was here; he keeps reading it."""
    at = ago(200)
    _text(enrolment, Part.MATTERS, "My band. My kids every second weekend.", at)
    goal = _goal("I play a whole set sober.", "Rehearse in the afternoon")
    write_goal(enrolment, goal, seen="", by=enrolment.client, now=at)
    _sign(enrolment, tom, ago(199))


def tell_other_plans(program: Program, *, ago: Ago) -> None:
    """In bulk, under the same triggers: drafts, then both signatures, then they hold."""
    waiting = Enrolment.objects.filter(program=program, state=Enrolment.State.ADMITTED, care_plans=None)
    teams = {place.enrolment_id: place.clinician for place in _primary(program)}
    enrolments = [one for one in waiting.select_related("client") if one.pk in teams]
    ways = list(Modality.objects.filter(program=program, name__in=("Process group", "Skills group")).order_by("name"))
    mix = tuple(sorted((way.pk, 2) for way in ways))
    plans = CarePlan.objects.bulk_create(_bare(one, at, mix, ago) for at, one in enumerate(enrolments))
    PlanShare.objects.bulk_create(PlanShare(plan=plan, modality=way, times=2) for plan in plans for way in ways)
    PlanSignature.objects.bulk_create(
        PlanSignature(plan=plan, side=side, fingerprint=plan.fingerprint, name=by.full_name, by=by, at=plan.begun_at)
        for plan in plans
        for side, by in ((Side.CLIENT, plan.enrolment.client), (Side.CLINICIAN, teams[plan.enrolment_id]))
    )
    for plan in plans:
        plan.signed_at = plan.begun_at
    CarePlan.objects.bulk_update(plans, ["signed_at"])


def _bare(enrolment: Enrolment, number: int, mix: tuple[tuple[int, int], ...], ago: Ago) -> CarePlan:
    matters, words = OTHERS[number % len(OTHERS)]
    content = Content(matters=matters, goals=(_goal(words),), mix=mix)
    at = max(ago(1 + number % 13), datetime.combine(enrolment.admitted_on or ago(1).date(), time(12), ago(1).tzinfo))
    return CarePlan(
        enrolment=enrolment, number=1, content=as_kept(content), fingerprint=fingerprint(content), begun_at=at
    )


def _primary(program: Program) -> list[CareTeam]:
    places = CareTeam.objects.filter(enrolment__program=program, part=CareTeam.Part.PRIMARY, until=None)
    return list(places.select_related("clinician"))


def _enrolment(slug: str) -> Enrolment:
    held = Enrolment.objects.select_related("client", "program")
    enrolment: Enrolment = held.get(client__email=f"{slug}@portal.test")
    return enrolment


def _text(enrolment: Enrolment, part: Part, words: str, at: datetime) -> None:
    seen = fingerprint_of(plan_of(enrolment).content, part)
    write_text(enrolment, part, words, seen=seen, by=enrolment.client, now=at)


def _mix(enrolment: Enrolment, mix: Mapping[int, int], at: datetime) -> None:
    seen = fingerprint_of(plan_of(enrolment).content, Part.MIX)
    write_mix(enrolment, mix, seen=seen, by=enrolment.client, now=at)


def _sign(enrolment: Enrolment, counsellor: User, at: datetime) -> None:
    draft = plan_of(enrolment).draft
    assert draft is not None
    for person in (counsellor, enrolment.client):
        sign_plan(enrolment, name=person.full_name, read=draft.plan.fingerprint, by=person, now=at)


def _goal(words: str, *steps: str) -> Goal:
    return Goal(new_key(), words, steps=tuple(map(_step, steps)))


def _step(words: str) -> Step:
    return Step(new_key(), words)


def tell_practice(program: Program, dana: User, amara: User, *, ago: Ago, now: datetime) -> None:
    """The program's skills; what Maya was given, did and let be; what Theo was given on his first day and picked."""
    offer_standard_skills(program, by=dana, now=ago(200))
    skills = {skill.name: skill for skill in program.skills.all()}
    maya, theo = _enrolment("maya"), _enrolment("theo")
    wave = give_homework(maya, skills["Ride the wave"], words="On paydays first.", by=amara, now=ago(12))
    practised(wave, reflection="It took eleven minutes. I watched the clock.", shared=True, by=maya.client, now=ago(8))
    kind = give_homework(maya, skills["A kind word to yourself"], by=maya.client, now=ago(9))
    practised(kind, reflection="Harder than it sounds.", shared=False, by=maya.client, now=ago(7))
    film = give_homework(maya, skills["Play the film to the end"], by=amara, now=ago(9))
    not_this_time(film, by=maya.client, now=ago(6))
    soon = now.astimezone(ago(1).tzinfo).date() + timedelta(days=3)
    call = skills["Call somebody before"]
    give_homework(maya, call, due_on=soon, words="You said Dee picks up at night.", by=amara, now=ago(1))
    halt = skills["Four questions: HALT"]
    give_homework(theo, halt, due_on=soon, words="Once a day is plenty.", by=amara, now=ago(1))
    give_homework(theo, skills["An evening that leads to sleep"], by=theo.client, now=ago(1, time(20)))
    _quiet_minutes(maya.client, ago=ago)
    texts = {text.code: text for text in offer_standard_texts(program, by=dana, now=ago(200))}
    mark_text(texts["sleep"], read=True, by=maya.client, now=ago(9, time(22)))
    give_homework(maya, texts["asking"], words="Before we meet next week, if you like.", by=amara, now=ago(2))
    mark_text(texts["parties"], kept=True, by=maya.client, now=ago(2, time(20)))


def _quiet_minutes(maya: User, *, ago: Ago) -> None:
    """What she keeps at the top and of which she kept a line; one of them she shares."""
    known, how = practices(), Sitting.How
    pin(known["wave"], by=maya, now=ago(10, time(21)))
    pin(known["pause"], by=maya, now=ago(7, time(12)))
    for code, minutes, felt, shared, at in (
        ("wave", 15, how.HELPED, True, ago(8, time(22))),
        ("body", 4, how.STOPPED, False, ago(6, time(23))),
        ("pause", 3, how.NOT, False, ago(4, time(12, 30))),
        ("pause", 3, how.HELPED, False, ago(2, time(15))),
    ):
        keep_sitting(known[code], minutes=minutes, how=felt, shared=shared, by=maya, now=at)
