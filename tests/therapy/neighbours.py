"""Two clients of one counsellor in one program, who may have the same of everything."""

from tests.factories import NOON, admin, enrolled, on_care_team
from tests.therapy.measured import CRAVING, GAD, always_on_call, answer
from tests.therapy.plan_world import Clinic
from therapy import opportunities, plan_drafting, sittings
from therapy.asking import ask
from therapy.care_plans import plan_of
from therapy.counsellor_requests import ask_for_counsellor
from therapy.models import Sitting
from therapy.plan_suggestions import suggest_text
from therapy.plan_texts import Content, fingerprint_of
from therapy.practices import practices

PAUSE = practices()["pause"]


class Street(Clinic):
    """Ben has a draft that one side signed, a sheet begun and one asked for, an interest, a wish and a log."""

    def __init__(self) -> None:
        super().__init__()
        self.office = admin(self.program)
        always_on_call(self.program, self.amara)
        self.ben = enrolled(self.program, preferred_name="Ben", surname="Torres")
        on_care_team(self.amara, self.ben, part="primary")
        details = opportunities.OpportunityDetails("job", "Work", "x", "x")
        self.work = opportunities.post_opportunity(self.program, details, by=self.amara, now=NOON)
        self.give_all(self.ben)

    def give_all(self, person):
        enrolment = person.enrolments.get()
        mix, matters = (fingerprint_of(Content(), part) for part in ("mix", "matters"))
        plan_drafting.write_mix(enrolment, {self.group.pk: 2}, seen=mix, by=person, now=NOON)
        plan_drafting.write_text(enrolment, "matters", "My sister.", seen=matters, by=person, now=NOON)
        read = plan_of(enrolment).draft.plan.fingerprint
        plan_drafting.sign_plan(enrolment, name=person.full_name, read=read, by=person, now=NOON)
        suggest_text(enrolment, "needs", "Sleep.", by=self.amara, now=NOON)
        for instrument in (GAD, CRAVING):
            ask(enrolment, instrument, by=self.amara, now=NOON)
        answer(person, GAD, {"1": 3})
        opportunities.show_interest(self.work, by=person, now=NOON)
        ask_for_counsellor(enrolment, wanted=None, by=person, now=NOON)
        sittings.keep_sitting(PAUSE, minutes=3, how=Sitting.How.HELPED, shared=True, by=person, now=NOON)
        sittings.pin(PAUSE, by=person, now=NOON)
