"""Maya and her counsellor Amara, and shortcuts to write and to sign a plan."""

from datetime import timedelta

from tests.factories import NOON, ModalityFactory, ProgramFactory, clinician, enrolled, on_care_team
from therapy import plan_drafting as drafting
from therapy.care_plans import plan_of
from therapy.plan_texts import Goal, Step, fingerprint_of, new_key

SOON = NOON + timedelta(hours=1)


class Clinic:
    def __init__(self) -> None:
        self.program = ProgramFactory(zone="UTC")
        self.maya = enrolled(self.program, preferred_name="Maya", surname="Torres")
        self.amara = clinician(self.program, preferred_name="Amara", surname="Osei")
        on_care_team(self.amara, self.maya, part="primary")
        self.enrolment = self.maya.enrolments.get()
        self.group = ModalityFactory(program=self.program, name="Skills group")

    @property
    def plan(self):
        return plan_of(self.enrolment)

    def write(self, part="matters", words="My sister.", *, by=None, now=NOON):
        seen = fingerprint_of(self.plan.content, part)
        drafting.write_text(self.enrolment, part, words, seen=seen, by=by or self.maya, now=now)

    def goal(self, words="I come home sober.", *steps, know="", key=""):
        held = self.plan.content.goal(key)
        goal = Goal(key or new_key(), words, know, tuple(Step(new_key(), step) for step in steps))
        seen = fingerprint_of(self.plan.content, "goal", key) if held else ""
        drafting.write_goal(self.enrolment, goal, seen=seen, by=self.maya, now=NOON)
        return self.plan.content.goal(goal.key)

    def mix(self, mix):
        seen = fingerprint_of(self.plan.content, "mix")
        drafting.write_mix(self.enrolment, mix, seen=seen, by=self.maya, now=NOON)

    def sign(self, *people, now=SOON):
        read = self.plan.draft.plan.fingerprint
        for person in people or (self.maya, self.amara):
            drafting.sign_plan(self.enrolment, name=person.full_name, read=read, by=person, now=now)
