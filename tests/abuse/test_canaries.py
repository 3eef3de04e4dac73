"""Everybody opens everything they may, and reads only words of people whom they may know of."""

import pytest
from django.urls import get_resolver

from tests.asking import address, text_of
from tests.test_access import PAGES
from tests.world import markers_in

# Opened by a link that went to one mailbox, whoever holds it.
BY_MAIL = {"accounts:accept_invitation", "account_confirm_email"}
# Whose words each may come upon on all pages together, their own aside; and that these are really there.
# What a program offers, and who leads it, is for everybody whom it takes in.
OFFERED = {"text", "home", "public", "team", "talk", "way", "series", "speciality", "course"}
# What anybody may read before they belong to the program that has published it.
PUBLIC = {"home", "public", "talk", "way", "series"}
WRITTEN = {"thread", "message", "reply"}
# What somebody wrote into their plan, which their care team reads too.
PLANNED = {"goal", "know", "step", "matters", "needs", "progress", "suggested"}
# What the program says of the phase that somebody is in, and why they came there.
IN_PHASE = {"phase", "reason"}
# To pick from by whoever is or was in the program. What somebody says of it is theirs, until they share it.
SKILLS = {"skill", "otherskill"}
NOTED = {"note", "amendment"}
READS = {
    "anonymous": PUBLIC,
    "client": {
        *WRITTEN,
        *PLANNED,
        *SKILLS,
        *IN_PHASE,
        "track",
        *("homework", "reflection"),
        *("opportunity", "interest"),
        "draft",
        "wish",
        "agreement",
        *NOTED,
        "onestep",
        "glass",
        "family",
        "familyrevoked",
        "key",
        "claimed",
        "owntime",
        "look",
        *OFFERED,
    },
    "other_client": {*SKILLS, "opportunity", "otherteam", "agreement", *OFFERED},
    "applicant": {"agreement", *OFFERED},
    "alum": SKILLS | OFFERED,
    "family": {"client", *PUBLIC},
    "family_revoked": PUBLIC,
    "team": {
        *(
            *WRITTEN,
            *PLANNED,
            *SKILLS,
            *IN_PHASE,
            "homework",
            *("opportunity", "interest"),
            *NOTED,
            "unsigned",
            "counselling",
            "disposition",
            "client",
            "family",
            "glass",
            "onestep",
            "otherteam",
            "room",
            "track",
        ),
        *OFFERED,
    }
    - {"team"},
    "other_team": {"opportunity", "otherclient", "glass", "onestep", "room", "track", *OFFERED},
    "glass": {
        "opportunity",
        *NOTED,
        "disposition",
        "client",
        "family",
        "onestep",
        "otherteam",
        "room",
        "track",
        *OFFERED,
    },
    "elsewhere": {"away", *PUBLIC},
    "one_step": PUBLIC,
    "admin": {
        "opportunity",
        *SKILLS,
        *("client", "otherclient", "applicant", "alum", "newcomer", "agreement", "caller", "wish"),
        *("otherteam", "glass", "onestep", "room", "track", "closure", "phase", *OFFERED),
    },
    "other_admin": {"away", "elsewhere", *PUBLIC},
}


@pytest.mark.parametrize("persona", READS)
def test_whose_words_each_reads(db, doorstep, persona):
    patterns, samples = get_resolver().url_patterns, doorstep.world.samples
    read = {}
    for page in PAGES:
        if page.outcome(persona, "GET") == "in" and page.name not in BY_MAIL:
            with doorstep.ask(persona, "GET", address(page, patterns, samples)) as response:
                for marker in markers_in(text_of(response)) - {doorstep.own_marker(persona)}:
                    read.setdefault(marker.removeprefix("zq-"), page.name)
    assert set(read) == READS[persona], read


# What has opened more elsewhere. Together where one does not narrow the other: each page is opened with each of them.
@pytest.mark.parametrize("query", ["show=all&all=1&q=&page=all&sort=-email&client=1", "show=all&q=zq", "page=999"])
@pytest.mark.parametrize(
    "persona", ["client", "other_client", "family", "family_revoked", "team", "elsewhere", "other_admin"]
)
def test_no_query_opens_more(db, doorstep, persona, query):
    patterns, samples = get_resolver().url_patterns, doorstep.world.samples
    for page in PAGES:
        if page.outcome(persona, "GET") == "in" and page.name not in BY_MAIL:
            with doorstep.ask(persona, "GET", f"{address(page, patterns, samples)}?{query}") as response:
                assert response.status_code < 500, page.name
                read = {marker.removeprefix("zq-") for marker in markers_in(text_of(response))}
            assert read <= READS[persona] | {doorstep.own_marker(persona).removeprefix("zq-")}, page.name
