"""Work and learning in the story: three things that are posted, and who is interested in them."""

from __future__ import annotations

from datetime import timedelta

from iop_portal.demo.background import Ago
from iop_portal.people.models import Program, User
from therapy.opportunities import OpportunityDetails, post_opportunity, record_step, show_interest


def tell_work(program: Program, *, by: User, ago: Ago) -> None:
    """One by the office, two by counsellors. Maya waits for a talk; two others are further."""
    people = {person.email.partition("@")[0]: person for person in User.objects.filter(email__endswith="@portal.test")}
    today = ago(1).date() + timedelta(days=1)
    bakery = OpportunityDetails(
        kind="job",
        title="Mornings in a bakery",
        place="Corner Bakery, Mill Street",
        about="Bread and counter, five to nine, three mornings a week. They show you everything.",
        fits="It is over hours before the evening groups, and two streets from the bus.",
        help="We look at the application together, and you may practise the talk with Daniel.",
        until=today + timedelta(days=18),
    )
    welding = OpportunityDetails(
        kind="training",
        title="Certificate in welding, evenings from January",
        place="Riverside Technical College",
        about="Twelve weeks, two evenings each. It ends with a certificate that shops here know.",
        fits="Mondays and Wednesdays from seven. Whoever is on the evening track begins after step-down.",
        help="Fees can be paid by the county: we fill in the form with you.",
        until=today + timedelta(days=32),
    )
    garden = OpportunityDetails(
        kind="volunteering",
        title="A hand in the community garden",
        place="Canal Street Garden",
        about="Saturdays, as long as you like. Tools, soup and company are there.",
        fits="No hours that you owe anybody.",
        help="Somebody of us goes along the first time, if you want.",
    )
    bread = post_opportunity(program, bakery, by=people["amara"], now=ago(9))
    weld = post_opportunity(program, welding, by=by, now=ago(20))
    post_opportunity(program, garden, by=people["daniel.reyes"], now=ago(13))
    words = "I am awake at five anyway. Would it be seen that I come from here?"
    show_interest(bread, words=words, by=people["maya"], now=ago(1))
    luis, hannah = people["luis.ortega"], people["hannah.weiss"]
    applied = show_interest(weld, words="I have done some of it before.", by=luis, now=ago(16))
    record_step(applied, "talked", seen=0, by=people["daniel.reyes"], now=ago(15))
    record_step(applied, "applied", seen=1, by=luis, now=ago(6))
    left = show_interest(weld, by=hannah, now=ago(12))
    record_step(left, "talked", seen=0, by=people["priya.nair"], now=ago(11))
    record_step(left, "not_now", seen=1, by=hannah, now=ago(8))
