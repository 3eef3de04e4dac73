"""The standard catalogue: what an intensive outpatient program usually offers, to begin with and to rewrite.

Default lengths, sizes and what counts toward the hours follow DOMAIN §1. A program changes any of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from iop_portal.audit import trail
from iop_portal.people.models import Program, User
from iop_portal.writes import write
from therapy.catalogue import ModalityDetails, columns
from therapy.models import Format, Method, Modality, Need

FEELINGS, THOUGHTS, HABITS = Need.EMOTIONAL, Need.PSYCHOLOGICAL, Need.BEHAVIOURAL
TOLD = ("name", "in_short", "what_happens", "whom_it_helps", "first_time", "who_leads")

STANDARD = (
    ModalityDetails(
        name=_("First conversation"),
        in_short=_("Tell us what is going on, and find out together what would help."),
        format=Format.INDIVIDUAL,
        method=Method.ASSESSMENT,
        needs=(FEELINGS, THOUGHTS, HABITS),
        lengths=(60, 90),
        clinical_cap=1,
        what_happens=_(
            "A counsellor asks about your health, your days and what you have tried before. You may leave out "
            "anything, and come back to it later. At the end you both say what you would suggest."
        ),
        whom_it_helps=_("Anybody who is thinking about starting here, and anybody whose needs have changed."),
        first_time=_(
            "Bring a list of what you take, if you take anything. You need nothing else. You can stop for a break."
        ),
        who_leads=_("A licensed counsellor"),
        for_applicants=True,
    ),
    ModalityDetails(
        name=_("One-to-one counselling"),
        in_short=_("Notice the thoughts that come before an urge, and try others."),
        format=Format.INDIVIDUAL,
        method=Method.CBT,
        needs=(THOUGHTS, HABITS),
        lengths=(25, 50, 80),
        clinical_cap=1,
        what_happens=_(
            "You choose one situation from your week. Together you look at what you thought, felt and did, one "
            "step after another. Then you pick something small to try before you meet again."
        ),
        whom_it_helps=_("People who want to understand what leads to an urge or a low mood, and to change one thing."),
        first_time=_(
            "You get to know each other. Your counsellor asks what you hope for, and you agree where to begin."
        ),
        who_leads=_("A licensed counsellor, most often your own"),
    ),
    ModalityDetails(
        name=_("Looking deeper"),
        in_short=_("See where old patterns come from, at your own pace."),
        format=Format.INDIVIDUAL,
        method=Method.PSYCHODYNAMIC,
        needs=(FEELINGS, THOUGHTS),
        lengths=(50, 80),
        clinical_cap=1,
        what_happens=_(
            "You talk about whatever comes to mind. The counsellor listens for what comes back again and again, "
            "in your past, in how you get on with people, and here in the room."
        ),
        whom_it_helps=_("People who keep ending up in the same place and wonder why."),
        first_time=_("There is no list of questions. It may feel slow. You decide how far you go."),
        who_leads=_("A psychologist or a licensed counsellor"),
    ),
    ModalityDetails(
        name=_("Finding your own reasons"),
        in_short=_("Sort out what you want when part of you is not sure."),
        format=Format.INDIVIDUAL,
        method=Method.MOTIVATIONAL,
        needs=(THOUGHTS, HABITS),
        lengths=(25, 50),
        clinical_cap=1,
        what_happens=_(
            "You talk about what you like about things as they are, and what you would like to be different. Nobody "
            "argues with you. The counsellor helps you to hear your own reasons."
        ),
        whom_it_helps=_("People who are of two minds about changing, or were sent here by somebody else."),
        first_time=_("You may say that you do not want to be here. That is a good place to start."),
        who_leads=_("A licensed counsellor"),
    ),
    ModalityDetails(
        name=_("Art, one to one"),
        in_short=_("Make something with your hands, and see what it tells you."),
        format=Format.INDIVIDUAL,
        method=Method.ART,
        needs=(FEELINGS,),
        lengths=(50, 80),
        clinical_cap=1,
        what_happens=_(
            "There are paints, clay, paper and old magazines. You make something, or simply try things out. "
            "Afterwards you look at it together and talk, as much as you like."
        ),
        whom_it_helps=_("People for whom words are hard to find, or come too easily."),
        first_time=_("Wear something that may get paint on it. What you make is yours to keep or to leave."),
        who_leads=_("A registered art therapist"),
    ),
    ModalityDetails(
        name=_("Medication visit"),
        in_short=_("Ask about what you take, what it does and what to change."),
        format=Format.INDIVIDUAL,
        method=Method.MEDICATION,
        needs=(FEELINGS, THOUGHTS, HABITS),
        lengths=(15, 30),
        clinical_cap=1,
        what_happens=_(
            "You say how you have been, and what you notice since you began. The prescriber explains what could be "
            "changed, and you decide together."
        ),
        whom_it_helps=_("Anybody who takes medication for mood, sleep, worry or urges, or wonders whether to."),
        first_time=_("Bring the names of everything you take, from the pharmacy and from elsewhere."),
        who_leads=_("A physician or a psychiatric nurse practitioner"),
    ),
    ModalityDetails(
        name=_("Work, school and daily life"),
        in_short=_("Get help with forms, calls, housing, work and plans."),
        format=Format.INDIVIDUAL,
        method=Method.SKILLS,
        needs=(HABITS,),
        lengths=(30, 50),
        clinical_cap=1,
        what_happens=_(
            "You bring what is in your way: a letter, a bill, a talk with your boss, a class to sign up for. You "
            "work through it side by side, and write down who does what next."
        ),
        whom_it_helps=_("People who have more to sort out than they can carry alone."),
        first_time=_("Bring the papers that worry you, opened or not."),
        who_leads=_("A case manager or a social worker"),
    ),
    ModalityDetails(
        name=_("Talk with a peer"),
        in_short=_("Talk with somebody who has been there."),
        format=Format.INDIVIDUAL,
        method=Method.PEER,
        needs=(FEELINGS, HABITS),
        lengths=(30, 60),
        clinical_cap=1,
        counts=False,
        what_happens=_(
            "You meet for a walk or a coffee, or by video. A peer does not treat you. They tell you what helped "
            "them, and listen to what helps you."
        ),
        whom_it_helps=_("People who feel that nobody around them knows what this is like."),
        first_time=_("You decide what to talk about. It can be anything, or nothing much."),
        who_leads=_("A certified peer recovery specialist"),
    ),
    ModalityDetails(
        name=_("Process group"),
        in_short=_("Say how it is. Hear how others get through."),
        format=Format.GROUP,
        method=Method.PROCESS,
        needs=(FEELINGS, THOUGHTS),
        lengths=(90,),
        clinical_cap=10,
        what_happens=_(
            "Up to ten people sit in a circle. Each says in a few words how they come in. Then the group takes up "
            "what weighs most that day. The leader sees to it that everybody is heard and nobody is pushed."
        ),
        whom_it_helps=_("People who feel alone with what they live through, or want to get on better with others."),
        first_time=_("You say the name you like to be called. You may simply listen. What is said stays in the room."),
        who_leads=_("Two counsellors, at least one of them licensed"),
    ),
    ModalityDetails(
        name=_("Skills group"),
        in_short=_("Practise ways through strong feelings, step by step."),
        format=Format.GROUP,
        method=Method.DBT,
        needs=(FEELINGS, HABITS),
        lengths=(90,),
        clinical_cap=10,
        what_happens=_(
            "Each week has one skill: to calm down, to get through a bad hour, to ask for something, to notice "
            "without judging. You see it, try it in pairs, and take a page home."
        ),
        whom_it_helps=_(
            "People whose feelings rise fast, or who do things in the heat of the moment that they regret."
        ),
        first_time=_("You can join in any week. You get a folder, and somebody beside you shows you how it works."),
        who_leads=_("A counsellor trained in this method"),
    ),
    ModalityDetails(
        name=_("Thoughts and actions"),
        in_short=_("Catch a thought before it turns into a plan."),
        format=Format.GROUP,
        method=Method.CBT,
        needs=(THOUGHTS, HABITS),
        lengths=(75, 90),
        clinical_cap=10,
        what_happens=_(
            "The group takes real moments from the week and writes them up: what happened, what I thought, what I "
            "did. Everybody looks for other thoughts that would also be true."
        ),
        whom_it_helps=_("People who worry, brood or talk themselves into things."),
        first_time=_("You need not bring an example of your own. Watch one being worked through."),
        who_leads=_("A licensed counsellor"),
    ),
    ModalityDetails(
        name=_("Staying on course"),
        in_short=_("Know your risky moments, and what you will do in them."),
        format=Format.GROUP,
        method=Method.SKILLS,
        needs=(THOUGHTS, HABITS),
        lengths=(60, 90),
        clinical_cap=10,
        what_happens=_(
            "You draw a map of the places, people, hours and moods that are risky for you. For each one you plan a "
            "first step, and practise saying no out loud. A lapse is looked at calmly: what can be learned from it?"
        ),
        whom_it_helps=_("People who want a plan for the evenings, the weekends and the days after treatment."),
        first_time=_("You begin with one risky moment of your own. You need not share it with the group."),
        who_leads=_("A certified alcohol and drug counsellor"),
    ),
    ModalityDetails(
        name=_("How recovery works"),
        in_short=_("Learn what happens in body and mind, and ask anything."),
        format=Format.GROUP,
        method=Method.EDUCATION,
        needs=(THOUGHTS,),
        lengths=(45, 60),
        clinical_cap=18,
        what_happens=_(
            "A short talk with pictures: how habits form, what stress does, why urges come and go, how medication "
            "works. Then there is time for questions. You can write them down without your name."
        ),
        whom_it_helps=_("Anybody who wants to know what is going on, above all in the first weeks."),
        first_time=_("It is like a class. Nobody asks about your own story."),
        who_leads=_("A nurse or a counsellor"),
    ),
    ModalityDetails(
        name=_("Mindfulness for urges"),
        in_short=_("Watch an urge rise and fall without acting on it."),
        format=Format.GROUP,
        method=Method.MINDFULNESS,
        needs=(FEELINGS, HABITS),
        lengths=(30, 45),
        clinical_cap=12,
        what_happens=_(
            "The leader guides a short exercise: where do I feel it, how strong is it, what does it do now? Then you "
            "talk about it, if you like."
        ),
        whom_it_helps=_("People whose urges come suddenly, or who feel restless in the evening."),
        first_time=_(
            "You sit on a chair, with your eyes open or closed. Sitting still can bring up hard memories: you may "
            "stand up or leave at any time."
        ),
        who_leads=_("A counsellor who practises this themselves"),
    ),
    ModalityDetails(
        name=_("Art group"),
        in_short=_("Put into colour what is hard to say. No talent needed."),
        format=Format.GROUP,
        method=Method.ART,
        needs=(FEELINGS,),
        lengths=(75, 90),
        clinical_cap=8,
        what_happens=_(
            "Everybody works on one theme with paint, collage or clay, mostly in silence. In the last half hour those "
            "who want to show what they made. Others say what they see, never whether it is good."
        ),
        whom_it_helps=_("People who find it easier to do than to talk."),
        first_time=_("Choose any material and try it out. You may keep what you made to yourself."),
        who_leads=_("A registered art therapist"),
    ),
    ModalityDetails(
        name=_("Safe ground"),
        in_short=_("Feel steadier today, without telling what happened then."),
        format=Format.GROUP,
        method=Method.SKILLS,
        needs=(FEELINGS, THOUGHTS, HABITS),
        lengths=(60, 75),
        clinical_cap=8,
        what_happens=_(
            "You learn how to notice that you are drifting off or on guard, how to come back to the room, how to "
            "sleep, and whom to let close. The group does not go into what happened to anybody."
        ),
        whom_it_helps=_("People who have been through something frightening, whose body still expects it."),
        first_time=_("You meet the leader before. You agree on a sign for when you need a break."),
        who_leads=_("A licensed counsellor with training in trauma"),
    ),
    ModalityDetails(
        name=_("Moving gently"),
        in_short=_("Stretch, breathe and come back into your body."),
        format=Format.GROUP,
        method=Method.MINDFULNESS,
        needs=(FEELINGS, HABITS),
        lengths=(45, 60),
        clinical_cap=12,
        counts=False,
        what_happens=_(
            "Slow movements, on a mat or on a chair. The leader shows them and says what else is possible. Nobody "
            "touches you or corrects how you stand."
        ),
        whom_it_helps=_("People who are tense or tired, or sleep badly."),
        first_time=_("Come in clothes you can move in. There are mats. You may rest whenever you like."),
        who_leads=_("A movement teacher, with a counsellor nearby"),
    ),
    ModalityDetails(
        name=_("Peer circle"),
        in_short=_("Meet others on the same road. Nobody sets the topic."),
        format=Format.GROUP,
        method=Method.PEER,
        needs=(FEELINGS, HABITS),
        lengths=(60,),
        clinical_cap=12,
        counts=False,
        what_happens=_(
            "Somebody brings a question, and whoever wants to answers from their own life. Nobody gives advice or "
            "interrupts. The peer who leads it keeps the time."
        ),
        whom_it_helps=_("People who look for company in recovery, beside the people they know."),
        first_time=_("Come five minutes early. Somebody will be at the door."),
        who_leads=_("A certified peer recovery specialist"),
    ),
    ModalityDetails(
        name=_("Family session"),
        in_short=_("Sit down with someone close, with a counsellor there."),
        format=Format.FAMILY,
        method=Method.PROCESS,
        needs=(FEELINGS, THOUGHTS, HABITS),
        lengths=(50, 80),
        clinical_cap=6,
        what_happens=_(
            "You decide who comes and what it is about. The counsellor sees to it that everybody gets to finish "
            "their sentence. Nothing about you is told that you have not agreed to."
        ),
        whom_it_helps=_("People who want to mend something, explain something or ask for something at home."),
        first_time=_("Your counsellor asks you alone beforehand what should be said, and what should not."),
        who_leads=_("A marriage and family therapist, or your counsellor"),
    ),
    ModalityDetails(
        name=_("Families together"),
        in_short=_("Several families learn from one another."),
        format=Format.MULTIFAMILY,
        method=Method.EDUCATION,
        needs=(FEELINGS, HABITS),
        lengths=(90, 120),
        clinical_cap=24,
        what_happens=_(
            "Four to six families meet. There is a short talk, then families ask one another how they handle money, "
            "trust, holidays or a bad night."
        ),
        whom_it_helps=_("Families who have run out of ideas, or think that they are the only ones."),
        first_time=_("You introduce yourselves by first names. Nobody has to tell their story."),
        who_leads=_("Two counsellors"),
    ),
    ModalityDetails(
        name=_("Sleep and rest"),
        in_short=_("Small changes that may bring the nights back."),
        format=Format.WORKSHOP,
        method=Method.EDUCATION,
        needs=(HABITS,),
        lengths=(60,),
        clinical_cap=15,
        what_happens=_(
            "You learn what helps people sleep and what gets in the way, and fill in a week's plan of evenings. "
            "There is time to talk about what to do at three in the morning."
        ),
        whom_it_helps=_("People who lie awake, sleep at odd hours or dread the night."),
        first_time=_("If you can, note for three days when you went to bed and when you got up."),
        who_leads=_("A nurse"),
    ),
    ModalityDetails(
        name=_("Back to work"),
        in_short=_("Plan a return, a talk with a boss, or a new start."),
        format=Format.WORKSHOP,
        method=Method.SKILLS,
        needs=(THOUGHTS, HABITS),
        lengths=(60, 90),
        clinical_cap=12,
        counts=False,
        what_happens=_(
            "You look at what you can do and want to do, practise a talk about your absence, and learn what you need "
            "not tell anybody at work. There is a part about pay, debts and a plan for payday."
        ),
        whom_it_helps=_("People who are going back to work, look for work or wonder about a new field."),
        first_time=_("Bring a résumé if you have one. You will not be asked what you earn."),
        who_leads=_("A vocational counsellor"),
    ),
    ModalityDetails(
        name=_("Saying what you need"),
        in_short=_("Practise asking, saying no, and ending a quarrel well."),
        format=Format.WORKSHOP,
        method=Method.SKILLS,
        needs=(FEELINGS, HABITS),
        lengths=(90,),
        clinical_cap=12,
        what_happens=_(
            "In pairs and small rounds you practise talks that you have ahead of you. You learn three ways to say no "
            "and one way to listen."
        ),
        whom_it_helps=_("People who give in, blow up or go silent."),
        first_time=_("You can watch the first round. You choose with whom you practise."),
        who_leads=_("A counsellor"),
    ),
    ModalityDetails(
        name=_("Time and free evenings"),
        in_short=_("Fill the hours that used to be taken up."),
        format=Format.WORKSHOP,
        method=Method.SKILLS,
        needs=(HABITS,),
        lengths=(60,),
        clinical_cap=12,
        counts=False,
        what_happens=_(
            "You lay out a week on a large sheet: what has to be, what is empty, what is hard. Then you look for "
            "things near you that cost little, and plan two of them."
        ),
        whom_it_helps=_("People for whom boredom or empty evenings are the hard part."),
        first_time=_("Think of one thing you liked doing when you were twelve."),
        who_leads=_("A counsellor and a peer"),
    ),
)


@write
def offer_standard_catalogue(program: Program, *, by: User, now: datetime) -> list[Modality]:
    """Add what the program does not offer yet by that name, in the language of whoever adds it. Twice is once."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    there = {name.casefold() for name in Modality.objects.filter(program=program).values_list("name", flat=True)}
    told = [_in_own_language(details) for details in STANDARD]
    added = Modality.objects.bulk_create(
        Modality(program=program, **values) for values in told if values["name"].casefold() not in there
    )
    if added:
        trail.record("catalogue.offered", program, by=by, at=now, facts={"count": len(added)})
    return added


def _in_own_language(details: ModalityDetails) -> dict[str, Any]:
    values = columns(details)
    return values | {name: gettext(values[name]) for name in TOLD}
