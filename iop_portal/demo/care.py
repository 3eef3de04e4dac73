"""What care the story's programs offer, who gives it, and what is prescribed to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from iop_portal.demo.background import Ago
from iop_portal.people.models import Enrolment, Program, User
from therapy.care_changes import see_changes
from therapy.clinicians import (
    CredentialDetails,
    add_credential,
    change_what_is_given,
    gives_version,
    introduce_clinician,
)
from therapy.criteria import say_criterion
from therapy.models import Clinician, Modality, PartOfDay, Prescription, Speciality, Track
from therapy.phases import guides_of, offer_standard_guide
from therapy.policies import PolicyDetails, change_policy, policy_version
from therapy.prescribing import policy_of, prescribe
from therapy.specialities import change_known, known_version
from therapy.standard import offer_standard_catalogue
from therapy.standard_specialities import offer_standard_specialities
from therapy.tracks import TrackDetails, add_track, retire_track

Phase = Prescription.Phase


@dataclass(frozen=True)
class Introduction:
    """Credentials are kinds, each with the days until it expires; negative ones have expired."""

    title: str
    about: str
    credentials: Mapping[str, int]
    gives: tuple[str, ...]
    knows: tuple[str, ...]
    speaks: tuple[str, ...] = ("en",)
    # Said by themselves, or not.
    gender: str = ""


RIVERBEND = {
    "amara": Introduction(
        "Counsellor",
        "I have sat with people at kitchen tables, in hospitals and in a boxing gym. I ask a lot of questions, and I "
        "like plans that fit on one page. On Sundays I sing, not well.",
        {"LCSW": 410, "CADC": 220},
        (
            "First conversation",
            "One-to-one counselling",
            "Finding your own reasons",
            "Skills group",
            "Family session",
            "Mindfulness for urges",
        ),
        knows=("Alcohol", "Grief and loss", "Family and relationships", "Worry and panic"),
        speaks=("en", "fr"),
        gender="woman",
    ),
    "lena": Introduction(
        "Psychologist",
        "I listen for what comes back. We take our time, and you set the pace.",
        {"PSY": 600},
        ("One-to-one counselling", "Looking deeper", "Process group", "Thoughts and actions"),
        knows=("Terrible things that happened", "Low mood", "Living between two cultures"),
        speaks=("en", "de", "ru"),
        gender="woman",
    ),
    "grace.holloway": Introduction(
        "Family therapist, head of the team",
        "Families rarely lack love. They lack a calm hour. I keep it.",
        {"LMFT": 330},
        ("First conversation", "One-to-one counselling", "Family session", "Families together", "Process group"),
        knows=("Family and relationships", "Being a parent", "Pregnancy and the first year"),
        speaks=("en",),
        gender="woman",
    ),
    "daniel.reyes": Introduction(
        "Counsellor",
        "I worked in kitchens for ten years before this. Ask me about work, money and nights off.",
        {"LMHC": 25, "CADC": -12},
        (
            "One-to-one counselling",
            "Finding your own reasons",
            "Staying on course",
            "Work, school and daily life",
            "Back to work",
            "Time and free evenings",
        ),
        knows=("Work and money", "Alcohol", "Sleep", "Coming home from prison or jail"),
        speaks=("en", "es"),
        gender="man",
    ),
    "priya.nair": Introduction(
        "Psychiatric nurse practitioner",
        "Bring every question about what you take. There are no silly ones.",
        {"PMHNP": 500, "RN": 500},
        ("Medication visit", "One-to-one counselling", "How recovery works", "Sleep and rest"),
        knows=("Opioids and painkillers", "Chronic pain", "Sleep"),
        speaks=("en", "hi", "pa"),
    ),
    "tom.beckett": Introduction(
        "Counsellor",
        "I believe in small steps, long walks and being honest about a bad week.",
        {"LCSW": 290, "CADC": 120},
        (
            "One-to-one counselling",
            "Process group",
            "Staying on course",
            "Safe ground",
            "Saying what you need",
            "Mindfulness for urges",
        ),
        knows=("Alcohol", "Anger", "Service and veterans"),
        speaks=("en", "ase"),
        gender="man",
    ),
    "yuki.tanaka": Introduction(
        "Art therapist",
        "You need no talent. I have buttons, clay and a very large table.",
        {"ATR": 380},
        ("Art group", "Art, one to one", "One-to-one counselling", "Moving gently"),
        knows=("LGBTQ+ lives", "Eating, and how I see my body", "Young and finding a way"),
        speaks=("en", "ja"),
        gender="nonbinary",
    ),
}
JUNIPER = {
    "carol.jensen": Introduction(
        "Counsellor",
        "I grew up on a ranch and came late to this work. I like plain speech.",
        {"LPC": 350, "CADC": 350},
        (
            "First conversation",
            "One-to-one counselling",
            "Skills group",
            "Staying on course",
            "Family session",
            "Process group",
        ),
        knows=("Alcohol", "Cocaine and other stimulants", "Starting over after sixty"),
        speaks=("en",),
        gender="woman",
    ),
    "miguel.santos": Introduction(
        "Counsellor",
        "Hablo español. Coffee first, then we talk.",
        {"LCSW": 150},
        ("One-to-one counselling", "Process group", "Mindfulness for urges", "Families together", "Sleep and rest"),
        knows=("Living between two cultures", "Being a parent", "Worry and panic"),
        speaks=("en", "es"),
        gender="man",
    ),
    "ruth.abramson": Introduction(
        "Physician",
        "I explain things twice, and draw them the second time.",
        {"MD": 700},
        ("Medication visit", "First conversation", "How recovery works"),
        knows=("Opioids and painkillers", "Chronic pain"),
        speaks=("en", "he", "fr"),
    ),
}
TRACKS = (
    TrackDetails("Morning", PartOfDay.MORNING, "For people whose afternoons and evenings are taken."),
    TrackDetails("Day", PartOfDay.AFTERNOON, "For people who have the day free, or children at school."),
    TrackDetails("Evening", PartOfDay.EVENING, "For people who work or study in the daytime."),
)
# Days after admission on which a phase begins, with its hours and days a week, and why.
PHASES = {
    0: (Phase.ORIENTATION, 9, 3, ""),
    7: (Phase.CORE, 9, 3, "You know your way around, and we have signed your plan."),
    49: (Phase.STEP_DOWN, 6, 2, "Your weeks hold. We try it with fewer hours, and look at it in two weeks."),
    77: (Phase.CONTINUING, 3, 1, "You asked for one evening a week, and you have people around you."),
}
# Of the criteria of their phase, how many a client sees as met and how many their counsellor does; and of whom both
# see all, the first of Amara's other clients in the main phase.
SEEN_AS_MET = {"maya": (3, 2), "theo": (1, 0)}


def tell_care(program: Program, introductions: Mapping[str, Introduction], *, by: User, ago: Ago) -> None:
    """Called once everybody is there: what a program offered all along, and what was prescribed since admission."""
    seen = policy_version(policy_of(program))
    change_policy(program, replace(PolicyDetails(), horizon_days=28, cancel_hours=24), seen=seen, by=by, now=ago(299))
    offer_standard_guide(program, by=by, now=ago(299))
    tracks = {details.name: add_track(program, details, by=by, now=ago(298)) for details in TRACKS}
    weekend = add_track(program, TrackDetails("Weekend", PartOfDay.MORNING), by=by, now=ago(298))
    retire_track(weekend, by=by, now=ago(120))
    offered = {way.name: way for way in offer_standard_catalogue(program, by=by, now=ago(297))}
    listed = {one.name: one for one in offer_standard_specialities(program, by=by, now=ago(297))}
    for slug, introduction in introductions.items():
        clinician = _introduce(slug, introduction, program, offered, by=by, ago=ago)
        _say_what_they_know(clinician, introduction, program, listed, now=ago(294))
    _prescribe(program, tracks, ago=ago)
    _see_as_met(program, ago=ago)


def _introduce(
    slug: str, told: Introduction, program: Program, offered: Mapping[str, Modality], *, by: User, ago: Ago
) -> Clinician:
    user = User.objects.get(email=f"{slug}@portal.test")
    clinician = introduce_clinician(user, program=program, title=told.title, about=told.about, by=by, now=ago(296))
    change_what_is_given(
        clinician,
        [offered[name] for name in told.gives],
        program=program,
        seen=gives_version(clinician, program),
        by=by,
        now=ago(296),
    )
    state = "NY" if program.zone == "America/New_York" else "CO"
    for kind, days in told.credentials.items():
        details = CredentialDetails(kind, state, ago(0).date() + timedelta(days=days))
        add_credential(clinician, details, by=by, now=ago(295))
    return clinician


def _say_what_they_know(
    clinician: Clinician, told: Introduction, program: Program, listed: Mapping[str, Speciality], *, now: datetime
) -> None:
    change_known(
        clinician,
        languages=told.speaks,
        specialities=[listed[name] for name in told.knows],
        programs=[program],
        gender=told.gender,
        seen=known_version(clinician, [program]),
        by=clinician.user,
        now=now,
    )


def _prescribe(program: Program, tracks: Mapping[str, Track], *, ago: Ago) -> None:
    """The personas' as in life, the others' in bulk."""
    background = []
    for at, enrolment in enumerate(_ever_admitted(program)):
        counsellor = enrolment.care_team.order_by("-part", "pk").first()
        by = counsellor.clinician if counsellor else None
        persona = enrolment.client.email.partition("@")[0]
        track = {"maya": tracks["Evening"], "theo": tracks["Day"]}.get(persona, [*tracks.values()][at % 3])
        told = _phases(enrolment, until=ago(0).date())
        if persona in ("maya", "theo"):
            for since, phase, hours, days, reason in told:
                prescribe(
                    enrolment,
                    track=track,
                    phase=phase,
                    hours=hours,
                    days=days,
                    reason=reason,
                    by=by,
                    now=_at_ten(since, ago),
                )
                see_changes(enrolment.client, now=_at_ten(since, ago))
        else:
            ends = [since for since, *_rest in told[1:]] + [enrolment.discharged_on]
            background += [
                Prescription(
                    enrolment=enrolment,
                    track=track,
                    phase=phase,
                    hours=hours,
                    days=days,
                    since=since,
                    until=until,
                    by=by,
                    reason=reason,
                )
                for (since, phase, hours, days, reason), until in zip(told, ends, strict=True)
            ]
    Prescription.objects.bulk_create(background)


def _see_as_met(program: Program, *, ago: Ago) -> None:
    """What the personas and their counsellor see as met on the way to the next phase."""
    hers = Enrolment.objects.filter(
        program=program,
        state=Enrolment.State.ADMITTED,
        care_team__clinician__email="amara@portal.test",
        care_team__until=None,
        prescriptions__until=None,
    )
    guides = guides_of(program)
    told = {slug: hers.filter(client__email=f"{slug}@portal.test").first() for slug in SEEN_AS_MET}
    others = hers.filter(prescriptions__phase=Phase.CORE).exclude(pk__in=[one.pk for one in told.values() if one])
    counts = [(enrolment, SEEN_AS_MET[slug]) for slug, enrolment in told.items()]
    for enrolment, by_side in [*counts, (others.order_by("pk").first(), (8, 8))]:
        if enrolment is None:
            continue
        criteria = guides[enrolment.prescriptions.get(until=None).phase].criteria
        amara = User.objects.get(email="amara@portal.test")
        for count, by in zip(by_side, (enrolment.client, amara), strict=True):
            for criterion in criteria[:count]:
                say_criterion(enrolment, criterion, met=True, by=by, now=ago(2))


def _ever_admitted(program: Program) -> list[Enrolment]:
    return list(
        Enrolment.objects.filter(program=program, admitted_on__isnull=False)
        .select_related("client", "program")
        .order_by("pk")
    )


def _phases(enrolment: Enrolment, *, until: date) -> list[tuple[date, Phase, int, int, str]]:
    assert enrolment.admitted_on is not None
    last = min(until, enrolment.discharged_on or until)
    first = enrolment.admitted_on
    begun = [(first + timedelta(days=after), *what) for after, what in PHASES.items()]
    return [phase for phase in begun if phase[0] <= last]


def _at_ten(day: date, ago: Ago) -> datetime:
    today = ago(0)
    return datetime.combine(day, today.time(), today.tzinfo)
