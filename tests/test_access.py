"""Who may open what: the access policy of the portal, checked cell by cell.

Every URL of the resolver has a row, and a new one fails until it has. A row names the methods that the page answers,
whom its door lets in by their role, and, where the page is about something of Maya's (the client) or of her program,
who of those may have it. What follows is the same everywhere:

    nobody signed in           is sent to sign in
    staff without second step  are sent to take it
    another method             405
    the wrong role             403
    somebody else's object     404, as if it did not exist

A denial changes nothing, shows nothing of anybody else's, and is told to the log once.
"""

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import get_resolver, include, path, reverse

from tests.asking import Doorstep, Page, address, denials, faults_of_table, outcome_of
from tests.once import once
from tests.world import build_world

PERSONAS = {
    "anonymous": "nobody signed in",
    "client": "Maya, whose things the samples are",
    "other_client": "another client of the same program",
    "applicant": "referred, not admitted",
    "alum": "discharged",
    "family": "of Maya's family",
    "family_revoked": "of Maya's family, until she took her consent back just now",
    "team": "clinician on Maya's care team",
    "other_team": "clinician on another care team",
    "glass": "clinician who broke the glass for Maya's record",
    "elsewhere": "clinician of another program",
    "one_step": "clinician on Maya's care team, signed in without a second step",
    "admin": "admin of Maya's program",
    "other_admin": "admin of another program",
}
ANYBODY = frozenset(PERSONAS)
NOBODY = frozenset({"anonymous"})
SIGNED_IN = ANYBODY - NOBODY
ENROLLED = frozenset({"client", "other_client", "applicant", "alum"})
CLIENTS = frozenset({"client", "other_client"})
CLINICIANS = frozenset({"team", "other_team", "glass", "elsewhere", "one_step"})
ADMINS = frozenset({"admin", "other_admin"})
STAFF = CLINICIANS | ADMINS
FAMILY = frozenset({"family", "family_revoked"})
MAYA = frozenset({"client"})
# Who has a plan, or had one.
PLANNERS = CLIENTS | {"alum"}
LEADERS = frozenset({"team"})
HER_TEAM = frozenset({"team", "one_step"})
HER_ADMIN = frozenset({"admin"})
WITH_APPOINTMENTS = ANYBODY - NOBODY - ADMINS
# Everybody who works where Maya is enrolled.
HER_CLINICIANS = CLINICIANS - {"elsewhere"}

PAGES = [
    # The first page, help, and what clients decide for themselves
    Page("home:landing", "GET", SIGNED_IN),
    Page("home:help", "GET", ANYBODY, first_step=True),
    Page("home:more", "GET", ENROLLED),
    Page("home:choices", "GET", ENROLLED),
    Page("home:permissions", "GET", ENROLLED),
    Page("home:my_record", "GET", ENROLLED),
    Page("home:permission_step", "GET POST", ENROLLED, at={"step": "who"}),
    Page("home:permission_check", "GET POST", ENROLLED),
    Page("home:permission", "GET", ENROLLED | CLINICIANS, MAYA | HER_TEAM | {"glass"}),
    Page("home:withdraw", "GET POST", ENROLLED, MAYA),
    Page("home:seen_as", "GET", ENROLLED, MAYA),
    Page("home:opened", "GET", ENROLLED),
    # A client's week, and what they book
    Page("scheduling:my_week", "GET", ENROLLED),
    Page("scheduling:plan_my_week", "GET POST", CLIENTS),
    Page("scheduling:plan_instead", "GET", CLIENTS),
    Page("scheduling:week_wishes", "GET POST", CLIENTS),
    Page("scheduling:own_times", "GET", ENROLLED),
    Page("scheduling:add_own_time", "GET POST", ENROLLED, at={"rhythm": "weekly"}),
    Page("scheduling:change_own_time", "GET POST", ENROLLED, MAYA),
    Page("scheduling:end_own_time", "GET POST", ENROLLED, MAYA),
    Page("scheduling:bring_calendar", "GET POST", ENROLLED, at={"way": "address"}),
    Page("scheduling:renew_own_calendar", "GET POST", ENROLLED, MAYA),
    Page("scheduling:remove_own_calendar", "GET POST", ENROLLED, MAYA),
    Page("scheduling:staying_connected", "GET", ENROLLED),
    Page("scheduling:look_back", "GET POST", ENROLLED),
    Page("scheduling:share_look", "POST", ENROLLED, MAYA),
    Page("scheduling:unshare_look", "POST", ENROLLED, MAYA),
    Page("scheduling:book", "GET", ENROLLED),
    Page("scheduling:choose_time", "GET", ENROLLED),
    Page("scheduling:how", "GET", ENROLLED, at={"want": "counsellor"}),
    Page("scheduling:when", "GET", ENROLLED, at={"want": "group"}),
    Page("scheduling:check", "GET POST", ENROLLED),
    Page("scheduling:booked", "GET", ENROLLED | FAMILY, MAYA),
    Page("scheduling:cancel", "GET POST", ENROLLED, MAYA),
    Page("scheduling:move", "GET", ENROLLED, MAYA),
    Page("scheduling:check_move", "GET POST", ENROLLED, MAYA),
    # Whoever may see a session, and each person's own place in its line
    Page("scheduling:wait", "GET POST", ENROLLED),
    Page("scheduling:place", "GET", ENROLLED, MAYA),
    Page("scheduling:accept", "POST", ENROLLED, MAYA),
    Page("scheduling:leave", "GET POST", ENROLLED, MAYA),
    Page("scheduling:calendar_file", "GET", ENROLLED, MAYA),
    # At the door of a session: whoever is booked, families too
    Page("scheduling:join", "GET POST", ENROLLED | FAMILY, MAYA),
    Page("scheduling:door", "GET", ENROLLED | FAMILY, MAYA),
    Page("scheduling:here", "POST", ENROLLED | FAMILY, MAYA),
    # A clinician's clients
    Page("home:caseload", "GET POST", CLINICIANS),
    Page("home:caseload_file", "GET POST", CLINICIANS),
    Page("home:take_on_short_week", "POST", CLINICIANS, HER_TEAM),
    Page("home:client", "GET", CLINICIANS, HER_TEAM | {"glass"}),
    Page("home:tell", "GET POST", CLINICIANS, HER_TEAM | {"glass"}),
    Page("accounts:break_glass", "GET POST", CLINICIANS),
    Page("accounts:end_glass", "POST", CLINICIANS, {"glass"}),
    # A clinician's own hours, and who is booked: for who leads a session, and for the care teams of who comes
    Page("scheduling:my_calendar", "GET", WITH_APPOINTMENTS),
    Page("scheduling:begin_calendar", "POST", WITH_APPOINTMENTS),
    Page("scheduling:replace_calendar_address", "GET POST", WITH_APPOINTMENTS),
    Page("scheduling:calendar_detail", "POST", WITH_APPOINTMENTS),
    Page("scheduling:end_calendar", "GET POST", WITH_APPOINTMENTS),
    # Whoever has the secret address: calendars do not sign in.
    Page("scheduling:calendar_feed", "GET", ANYBODY, first_step=True),
    # Whoever has the link of a reminder; what it said afterwards tells nothing of anybody.
    Page(
        "scheduling:answer",
        "GET POST",
        ANYBODY,
        first_step=True,
        at={"token": "no-token"},
        but=dict.fromkeys(ANYBODY, 404),
    ),
    Page("scheduling:answered", "GET", ANYBODY, first_step=True, at={"purpose": "late"}),
    Page("scheduling:my_hours", "GET", CLINICIANS),
    Page("scheduling:weekday_hours", "GET POST", CLINICIANS, HER_CLINICIANS, at={"weekday": 0}),
    Page("scheduling:choose_day", "GET", CLINICIANS, HER_CLINICIANS),
    Page("scheduling:except_day", "GET POST", CLINICIANS, HER_CLINICIANS, at={"on": "2099-12-01"}),
    Page("scheduling:end_exception", "POST", CLINICIANS, frozenset({"team"})),
    Page("scheduling:roster", "GET", CLINICIANS, HER_TEAM),
    Page("scheduling:timetable", "GET", STAFF),
    # Who comes to a session, and the room of its video call: for those who lead it
    Page("scheduling:video_address", "GET POST", CLINICIANS),
    Page("scheduling:coming", "GET", CLINICIANS, LEADERS),
    Page("scheduling:open_room", "GET POST", CLINICIANS, LEADERS),
    Page("scheduling:close_room", "POST", CLINICIANS, LEADERS),
    Page("scheduling:whereabouts", "GET", CLINICIANS, LEADERS),
    # Time off: of one's own, and of whoever works in the programs that an admin runs
    Page("scheduling:time_off", "GET", STAFF, frozenset({"team"}) | HER_ADMIN),
    Page("scheduling:check_time_off", "GET POST", STAFF, frozenset({"team"}) | HER_ADMIN),
    Page("scheduling:end_time_off", "POST", STAFF, frozenset({"team"}) | HER_ADMIN),
    Page("scheduling:mark", "POST", CLINICIANS, HER_TEAM),
    Page("scheduling:mark_rest", "POST", CLINICIANS, HER_TEAM),
    Page("scheduling:undo_marks", "POST", CLINICIANS, HER_TEAM),
    Page("scheduling:attendance", "GET POST", CLINICIANS, HER_TEAM),
    # Ways that can help, who is here, and what is planned
    Page("therapy:ways", "GET", ENROLLED | STAFF),
    Page("therapy:way", "GET", ENROLLED | STAFF, ENROLLED | HER_CLINICIANS | HER_ADMIN),
    Page("therapy:people", "GET", ENROLLED | STAFF),
    Page("therapy:person", "GET", ENROLLED | STAFF, ENROLLED | HER_CLINICIANS | HER_ADMIN),
    Page("therapy:own_words", "GET POST", CLINICIANS),
    Page("therapy:own_known", "GET POST", CLINICIANS),
    Page("office:change_known", "GET POST", ADMINS, HER_ADMIN),
    Page("office:specialities", "GET", ADMINS, HER_ADMIN),
    Page("office:add_speciality", "GET POST", ADMINS, HER_ADMIN),
    Page("office:offer_standard_specialities", "POST", ADMINS, HER_ADMIN),
    Page("office:change_speciality", "GET POST", ADMINS, HER_ADMIN),
    Page("office:set_speciality_in_use", "POST", ADMINS, HER_ADMIN),
    # Asking for another counsellor: the client and the office, nobody of the care team
    Page("therapy:counsellor", "GET POST", CLIENTS | {"applicant"}, MAYA),
    Page("therapy:withdraw_request", "POST", CLIENTS | {"applicant"}, MAYA),
    Page("office:counsellor_requests", "GET", ADMINS, HER_ADMIN),
    Page("office:counsellor_request", "GET POST", ADMINS, HER_ADMIN),
    # Who would suit somebody: their own answers, whoever looks after them
    Page("scheduling:match_begin", "GET", CLIENTS | {"applicant"}),
    Page("scheduling:match", "GET", CLIENTS | {"applicant"}, MAYA),
    Page("scheduling:match_questions", "GET POST", CLIENTS | {"applicant"}, MAYA),
    Page("scheduling:match_forget", "POST", CLIENTS | {"applicant"}, MAYA),
    Page("therapy:my_care", "GET", ENROLLED),
    Page("scheduling:prescribe", "GET POST", CLINICIANS, HER_TEAM),
    # Agreements: what one signed, and what holds where one is
    Page("therapy:agreements", "GET", ENROLLED),
    Page("therapy:agreement", "GET POST", ENROLLED, CLIENTS | {"applicant"}),
    Page("office:agreements", "GET", ADMINS, HER_ADMIN),
    Page("office:write_agreement", "GET POST", ADMINS, HER_ADMIN, at={"kind": "group"}),
    Page("office:agreement", "GET", ADMINS, HER_ADMIN),
    # Notes: signed ones for the client, the care team and an emergency; the others for who wrote them
    Page("therapy:notes", "GET", ENROLLED),
    Page("therapy:client_notes", "GET", CLINICIANS, HER_TEAM | {"glass"}),
    Page("therapy:note", "GET POST", ENROLLED | CLINICIANS, MAYA | HER_TEAM | {"glass"}),
    Page("therapy:begin_note", "POST", CLINICIANS, HER_TEAM),
    Page("therapy:write_note", "GET POST", CLINICIANS, LEADERS),
    Page("therapy:discard_note", "POST", CLINICIANS, LEADERS),
    Page("therapy:cosign_note", "POST", CLINICIANS, HER_TEAM | {"glass"}),
    Page("therapy:counselling", "GET POST", CLINICIANS, HER_TEAM),
    Page("scheduling:begin_note", "POST", CLINICIANS, HER_TEAM),
    Page("office:supervision", "GET POST", ADMINS, HER_ADMIN),
    # Messages: the client and their care team, neither the office nor whoever broke the glass
    Page("therapy:messages", "GET", ENROLLED),
    Page("therapy:write", "GET POST", ENROLLED),
    Page("therapy:thread", "GET POST", ENROLLED | CLINICIANS, MAYA | HER_TEAM),
    Page("therapy:inbox", "GET", CLINICIANS),
    Page("therapy:write_to", "GET POST", CLINICIANS, HER_TEAM),
    Page("therapy:assign_thread", "POST", CLINICIANS, HER_TEAM),
    Page("therapy:close_thread", "POST", CLINICIANS, HER_TEAM),
    # How somebody has been: their own answers, and those of one's clients
    Page("therapy:measures", "GET", ENROLLED),
    Page("therapy:measure", "GET", ENROLLED),
    Page("therapy:begin_measure", "GET POST", ENROLLED),
    Page("therapy:question", "GET POST", ENROLLED, MAYA),
    Page("therapy:measure_help", "GET", ENROLLED, MAYA),
    Page("therapy:check_measure", "GET POST", ENROLLED, MAYA),
    Page("therapy:client_measure", "GET", CLINICIANS, HER_TEAM | {"glass"}),
    Page("therapy:ask_client", "POST", CLINICIANS, HER_TEAM),
    # An admin comes here only with one that came to them.
    Page("therapy:alert", "GET POST", STAFF, HER_TEAM | {"glass"}),
    # What is practised between sessions, and the program's list of it
    Page("therapy:practice", "GET", PLANNERS),
    Page("therapy:skill", "GET POST", PLANNERS),
    Page("therapy:homework", "GET POST", PLANNERS, MAYA),
    Page("therapy:give_homework", "GET POST", CLINICIANS, HER_TEAM),
    # Quiet minutes: whoever is or was enrolled, with a log of their own; clinicians look at what their clients find
    Page("therapy:mindfulness", "GET", ENROLLED | CLINICIANS),
    Page("therapy:mindful", "GET", ENROLLED | CLINICIANS, at={"practice": "pause"}),
    Page("therapy:pin", "POST", ENROLLED, at={"practice": "pause"}),
    Page("therapy:mindful_step", "GET", ENROLLED | CLINICIANS, at={"practice": "pause", "minutes": 3, "step": 2}),
    Page("therapy:mindful_end", "GET POST", ENROLLED | CLINICIANS, at={"practice": "pause", "minutes": 3}),
    Page("therapy:practice_log", "GET", ENROLLED),
    Page("therapy:share_sitting", "POST", ENROLLED, MAYA),
    Page("therapy:remove_sitting", "GET POST", ENROLLED, MAYA),
    # Texts to read, with marks of one's own, and the program's list of them
    Page("therapy:library", "GET POST", ENROLLED | CLINICIANS),
    Page("therapy:library_text", "GET", ENROLLED | CLINICIANS, ENROLLED | HER_CLINICIANS),
    Page("therapy:mark_text", "POST", ENROLLED),
    Page("office:texts", "GET", ADMINS, HER_ADMIN),
    Page("office:add_text", "GET POST", ADMINS, HER_ADMIN),
    Page("office:offer_standard_texts", "POST", ADMINS, HER_ADMIN),
    Page("office:change_text", "GET POST", ADMINS, HER_ADMIN),
    Page("office:set_text_in_use", "POST", ADMINS, HER_ADMIN),
    Page("office:skills", "GET", ADMINS, HER_ADMIN),
    Page("office:add_skill", "GET POST", ADMINS, HER_ADMIN),
    Page("office:offer_standard_skills", "POST", ADMINS, HER_ADMIN),
    Page("office:change_skill", "GET POST", ADMINS, HER_ADMIN),
    Page("office:set_skill_in_use", "POST", ADMINS, HER_ADMIN),
    # Courses: what there is for all of a program, and each one's own part in it
    Page("scheduling:courses", "GET", ENROLLED | CLINICIANS),
    Page("scheduling:course", "GET", ENROLLED | CLINICIANS, ENROLLED | HER_CLINICIANS),
    Page("scheduling:join_course", "GET POST", CLIENTS),
    Page("scheduling:leave_course", "GET POST", PLANNERS, MAYA),
    Page("scheduling:certificate", "GET POST", PLANNERS, MAYA),
    Page("office:courses", "GET", ADMINS, HER_ADMIN),
    Page("office:add_course", "GET POST", ADMINS, HER_ADMIN),
    Page("office:change_course", "GET POST", ADMINS, HER_ADMIN),
    Page("office:end_course", "GET POST", ADMINS, HER_ADMIN),
    Page("office:open_course_again", "POST", ADMINS, HER_ADMIN),
    # Work and learning: what is open where one is, what staff post, and each interest for its client and their team
    Page("therapy:opportunities", "GET", PLANNERS),
    Page("therapy:opportunity", "GET POST", PLANNERS, CLIENTS),
    Page("therapy:take_interest_back", "POST", PLANNERS, MAYA),
    Page("therapy:interest_step", "POST", PLANNERS | CLINICIANS, MAYA | HER_TEAM),
    Page("therapy:interest", "GET", CLINICIANS, HER_TEAM),
    Page("therapy:posted", "GET", STAFF),
    Page("therapy:post_opportunity", "GET POST", STAFF, HER_CLINICIANS | HER_ADMIN),
    Page("therapy:change_opportunity", "GET POST", STAFF, HER_CLINICIANS | HER_ADMIN),
    Page("therapy:close_opportunity", "POST", STAFF, HER_CLINICIANS | HER_ADMIN),
    # The care plan: its client and their care team, nobody else, also behind broken glass
    Page("therapy:my_plan", "GET", PLANNERS),
    Page("therapy:write_plan", "GET POST", CLIENTS, MAYA, at={"part": "matters"}),
    Page("therapy:add_goal", "GET POST", CLIENTS, MAYA),
    Page("therapy:change_goal", "GET POST", CLIENTS, MAYA),
    Page("therapy:remove_goal", "GET POST", CLIENTS, MAYA),
    Page("therapy:progress", "GET POST", PLANNERS | CLINICIANS, MAYA | HER_TEAM),
    Page("therapy:write_mix", "GET POST", CLIENTS, MAYA),
    Page("therapy:leave_changes", "GET POST", CLIENTS, MAYA),
    Page("therapy:sign_plan", "GET POST", CLIENTS | CLINICIANS, MAYA | HER_TEAM),
    Page("therapy:plan_fits", "POST", CLIENTS | CLINICIANS, MAYA | HER_TEAM),
    Page("therapy:plan_version", "GET", PLANNERS | CLINICIANS, MAYA | HER_TEAM),
    Page("therapy:suggestion", "GET POST", CLIENTS, MAYA),
    Page("therapy:withdraw_suggestion", "POST", CLINICIANS, LEADERS),
    Page("therapy:client_plan", "GET", CLINICIANS, HER_TEAM),
    Page("therapy:suggest", "GET POST", CLINICIANS, HER_TEAM, at={"part": "goal"}),
    Page("office:change_plan_rhythm", "GET POST", ADMINS, HER_ADMIN),
    # What the phases of a program are for, and when the next may come
    Page("therapy:say_criterion", "POST", CLIENTS | CLINICIANS, MAYA | HER_TEAM),
    Page("office:phases", "GET", ADMINS, HER_ADMIN),
    Page("office:offer_standard_guide", "POST", ADMINS, HER_ADMIN),
    Page("office:change_phase", "GET POST", ADMINS, HER_ADMIN),
    # Coming in: an invitation is the only way
    Page("accounts:invitation_link", "GET", ANYBODY, first_step=True),
    Page("accounts:accept_invitation", "GET POST", NOBODY, after="accounts:invitation_link", first_step=True),
    # How somebody is reached, and what was told them here
    Page("notices:mine", "GET", ENROLLED | FAMILY),
    Page("notices:read", "POST", ENROLLED | FAMILY),
    Page("notices:reach", "GET POST", ENROLLED | FAMILY),
    Page("notices:sign_up", "GET POST", ENROLLED | FAMILY),
    Page("notices:code", "GET POST", ENROLLED | FAMILY),
    Page("notices:stop_texts", "GET POST", ENROLLED | FAMILY),
    # Whoever signs as the provider of texts: nobody here does.
    Page("notices:heard", "POST", ANYBODY, first_step=True, but=dict.fromkeys(ANYBODY, 404)),
    # Signing in, and getting back in: the same page whoever asks
    Page("account_login", "GET POST", ANYBODY, first_step=True),
    Page("account_logout", "GET POST", ANYBODY, first_step=True),
    Page("account_signup", "GET POST", ANYBODY, first_step=True),
    Page("account_inactive", "GET", ANYBODY, first_step=True),
    Page("account_confirm_email", "GET POST", ANYBODY, first_step=True),
    Page("account_email_verification_sent", "GET", ANYBODY, first_step=True),
    Page("account_confirm_login_code", "GET POST", ANYBODY, first_step=True),
    Page("account_reset_password", "GET POST", ANYBODY, first_step=True),
    Page("account_reset_password_done", "GET", ANYBODY, first_step=True),
    Page("account_reset_password_from_key", "GET POST", ANYBODY, first_step=True, at={"key": "no-key"}),
    Page("account_reset_password_from_key_done", "GET", ANYBODY, first_step=True),
    Page("mfa_authenticate", "GET POST", ANYBODY, first_step=True),
    Page("mfa_login_webauthn", "GET POST", ANYBODY, first_step=True),
    # One's own account
    Page("accounts:protect", "GET", SIGNED_IN, first_step=True),
    Page("accounts:settings", "GET POST", SIGNED_IN),
    Page("accounts:extend_session", "POST", SIGNED_IN, first_step=True),
    Page("accounts:lock_session", "POST", ANYBODY, first_step=True),
    Page("account_reauthenticate", "GET POST", SIGNED_IN, first_step=True),
    Page("account_email", "GET POST", SIGNED_IN),
    Page("account_change_password", "GET POST", SIGNED_IN),
    Page("account_set_password", "GET POST", SIGNED_IN),
    Page("mfa_index", "GET", SIGNED_IN),
    Page("mfa_reauthenticate", "GET POST", SIGNED_IN, first_step=True),
    Page("mfa_reauthenticate_webauthn", "GET POST", SIGNED_IN, first_step=True),
    Page("mfa_activate_totp", "GET POST", SIGNED_IN, first_step=True),
    Page("mfa_deactivate_totp", "GET POST", SIGNED_IN, MAYA),
    Page("mfa_view_recovery_codes", "GET", SIGNED_IN, MAYA),
    Page("mfa_download_recovery_codes", "GET", SIGNED_IN, MAYA, hides=True),
    Page("mfa_generate_recovery_codes", "GET POST", SIGNED_IN),
    Page("mfa_list_webauthn", "GET", SIGNED_IN),
    Page("mfa_add_webauthn", "GET POST", SIGNED_IN, first_step=True),
    Page("mfa_edit_webauthn", "GET POST", SIGNED_IN, MAYA),
    Page("mfa_remove_webauthn", "GET POST", SIGNED_IN, MAYA),
    Page("usersessions_list", "GET POST", SIGNED_IN),
    # What staff have to see to
    Page("followups:mine", "GET", STAFF),
    Page("followups:one", "GET POST", STAFF, HER_TEAM),
    Page("followups:acknowledge", "POST", STAFF, HER_TEAM),
    Page("followups:snooze", "POST", STAFF, HER_TEAM),
    # The office: what admins configure and look after, each in their own programs
    Page("office:desk", "GET", ADMINS),
    Page("office:open_program", "GET POST", ADMINS),
    Page("office:program", "GET", ADMINS, HER_ADMIN),
    Page("office:change_program", "GET POST", ADMINS, HER_ADMIN),
    Page("office:census", "GET", ADMINS, HER_ADMIN),
    # What anybody may read of a program, and those who ask to be called
    Page("therapy:programs", "GET", ANYBODY, first_step=True),
    Page("therapy:program", "GET", ANYBODY, first_step=True),
    Page("therapy:call_me", "GET POST", ANYBODY, first_step=True),
    Page("therapy:called", "GET", ANYBODY, first_step=True),
    Page("office:change_page", "GET POST", ADMINS, HER_ADMIN),
    Page("office:contacts", "GET", ADMINS, HER_ADMIN),
    Page("office:first_contact", "GET POST", ADMINS, HER_ADMIN),
    Page("office:rooms", "GET", ADMINS, HER_ADMIN),
    Page("office:add_room", "GET POST", ADMINS, HER_ADMIN),
    Page("office:change_room", "GET POST", ADMINS, HER_ADMIN),
    Page("office:take_room_out_of_use", "POST", ADMINS, HER_ADMIN),
    Page("office:put_room_back_in_use", "POST", ADMINS, HER_ADMIN),
    Page("office:change_policy", "GET POST", ADMINS, HER_ADMIN),
    Page("office:change_reach", "GET POST", ADMINS, HER_ADMIN),
    Page("office:measures", "GET", ADMINS, HER_ADMIN),
    Page("office:change_measure", "GET POST", ADMINS, HER_ADMIN),
    Page("office:on_call", "GET", ADMINS, HER_ADMIN),
    Page("office:add_duty", "GET POST", ADMINS, HER_ADMIN),
    Page("office:set_duty_day", "GET POST", ADMINS, HER_ADMIN),
    Page("office:remove_duty", "GET POST", ADMINS, HER_ADMIN),
    Page("office:tracks", "GET", ADMINS, HER_ADMIN),
    Page("office:add_track", "GET POST", ADMINS, HER_ADMIN),
    Page("office:change_track", "GET POST", ADMINS, HER_ADMIN),
    Page("office:retire_track", "POST", ADMINS, HER_ADMIN),
    Page("office:bring_track_back", "POST", ADMINS, HER_ADMIN),
    Page("office:track_series", "GET POST", ADMINS, HER_ADMIN),
    Page("office:series_list", "GET", ADMINS, HER_ADMIN),
    Page("office:add_series", "GET POST", ADMINS, HER_ADMIN),
    Page("office:series", "GET", ADMINS, HER_ADMIN),
    Page("office:change_series", "GET POST", ADMINS, HER_ADMIN),
    Page("office:end_series", "GET POST", ADMINS, HER_ADMIN),
    Page("office:try_series_again", "POST", ADMINS, HER_ADMIN),
    Page("office:leave_series_out", "POST", ADMINS, HER_ADMIN),
    Page("office:change_occurrence", "GET POST", ADMINS, HER_ADMIN),
    Page("office:cancel_occurrence", "GET POST", ADMINS, HER_ADMIN),
    Page("office:hand_over", "GET POST", ADMINS, HER_ADMIN),
    Page("office:closures", "GET", ADMINS, HER_ADMIN),
    Page("office:add_closure", "GET POST", ADMINS, HER_ADMIN),
    Page("office:end_closure", "GET POST", ADMINS, HER_ADMIN),
    Page("office:ways", "GET", ADMINS, HER_ADMIN),
    Page("office:add_way", "GET POST", ADMINS, HER_ADMIN),
    Page("office:offer_standard_ways", "POST", ADMINS, HER_ADMIN),
    Page("office:change_way", "GET POST", ADMINS, HER_ADMIN),
    Page("office:set_way_in_use", "POST", ADMINS, HER_ADMIN),
    Page("office:clinicians", "GET", ADMINS, HER_ADMIN),
    Page("office:introduce", "GET POST", ADMINS, HER_ADMIN),
    Page("office:clinician", "GET", ADMINS, HER_ADMIN),
    Page("office:change_profile", "GET POST", ADMINS, HER_ADMIN),
    Page("office:change_gives", "GET POST", ADMINS, HER_ADMIN),
    Page("office:add_credential", "GET POST", ADMINS, HER_ADMIN),
    Page("office:change_credential", "GET POST", ADMINS, HER_ADMIN),
    Page("office:end_credential", "GET POST", ADMINS, HER_ADMIN),
    Page("office:staff", "GET", ADMINS, HER_ADMIN),
    Page("office:give_role", "GET POST", ADMINS, HER_ADMIN),
    Page("office:end_role", "GET POST", ADMINS, HER_ADMIN),
    Page("office:close_account", "GET POST", ADMINS, HER_ADMIN),
    Page("office:reopen_account", "POST", ADMINS, HER_ADMIN),
    Page("office:invitations", "GET", ADMINS, HER_ADMIN),
    Page("office:invite", "GET POST", ADMINS, HER_ADMIN, at={"role": "client"}),
    Page("office:clients", "GET POST", ADMINS, HER_ADMIN),
    Page("office:client", "GET", ADMINS, HER_ADMIN),
    Page("office:admit", "GET POST", ADMINS, HER_ADMIN),
    Page("office:discharge", "GET POST", ADMINS, HER_ADMIN),
    Page("office:refer_again", "POST", ADMINS, HER_ADMIN),
    Page("office:join_care_team", "POST", ADMINS, HER_ADMIN),
    Page("office:leave_care_team", "POST", ADMINS, HER_ADMIN),
    Page("office:make_primary", "POST", ADMINS, HER_ADMIN),
    Page("office:apart", "GET", ADMINS, HER_ADMIN),
    Page("office:keep_apart", "GET POST", ADMINS, HER_ADMIN),
    Page("office:end_apart", "GET POST", ADMINS, HER_ADMIN),
    Page("office:glass", "GET", ADMINS),
    Page("office:review_glass", "GET POST", ADMINS, HER_ADMIN),
    Page("office:end_glass", "POST", ADMINS, HER_ADMIN),
    Page("office:messages", "GET", ADMINS),
    Page("office:message", "GET", ADMINS, HER_ADMIN),
    Page("office:send_message_again", "POST", ADMINS, HER_ADMIN),
    Page("office:let_message_go", "POST", ADMINS, HER_ADMIN),
    Page("office:trail", "GET POST", ADMINS),
    # Invitations by clinicians: clients, to programs where they work
    Page("office:my_invitations", "GET", CLINICIANS),
    Page("office:invite_client", "GET POST", CLINICIANS, HER_CLINICIANS),
    Page("office:withdraw_invitation", "POST", STAFF, HER_ADMIN),
    Page("office:send_invitation_again", "POST", STAFF, HER_ADMIN),
    # Development and demonstration
    Page("demo:gallery", "GET", ANYBODY, first_step=True),
    Page("demo:gallery_page", "GET", ANYBODY, first_step=True, at={"page": "parts"}),
    # Machines
    Page("livez", "GET", ANYBODY, first_step=True),
    Page("readyz", "GET", ANYBODY, first_step=True),
]
BY_NAME = {page.name: page for page in PAGES}


@pytest.fixture(scope="module")
def doorstep(django_db_setup, django_db_blocker):
    with once(django_db_blocker, lambda: Doorstep(build_world())) as doorstep:
        yield doorstep


def test_every_url_has_its_row(db, doorstep):
    faults = faults_of_table(PAGES, get_resolver().url_patterns, doorstep.world.samples)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_who_may(db, doorstep, caplog, page, method):
    caplog.set_level("INFO", logger="iop_portal.logs")
    patterns, samples = get_resolver().url_patterns, doorstep.world.samples
    where = address(page, patterns, samples)
    after = address(BY_NAME[page.after], patterns, samples) if page.after else None
    faults = []
    for persona in PERSONAS:
        caplog.clear()
        with doorstep.ask(persona, method, where, after=after) as response:
            outcome, expected = outcome_of(response, persona), page.outcome(persona, method)
            if outcome != expected:
                faults.append(f"{persona}: {outcome} instead of {expected}")
            if expected not in ("in", "405"):
                faults += [f"{persona}: the denial {fault}" for fault in doorstep.faults_of_denial(persona, response)]
            if expected in ("403", "404") and denials(caplog.records) != [int(expected)]:
                faults.append(f"{persona}: the log tells of {denials(caplog.records)}")
    assert not faults, "\n".join(faults)


# ── The gate itself ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("INSERT INTO django_content_type (app_label, model) VALUES ('no', 'model')", "django_content_type"),
        ("UPDATE mfa_authenticator SET last_used_at = now()", "mfa_authenticator"),
        ("DELETE FROM mfa_authenticator", "mfa_authenticator"),
        ("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE mfa_authenticator", "mfa_authenticator"),
    ],
    ids=["insert", "update", "delete", "truncate"],
)
def test_a_denial_that_changes_something_is_told_on_and_nobody_after_it(db, doorstep, sql, table):
    for _ in range(2):
        with doorstep.ask("client", "GET", reverse("office:desk")) as response:
            assert doorstep.faults_of_denial("client", response) == []
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
            for _ in range(2):
                assert doorstep.faults_of_denial("client", response) == [f"changes {table}"]


def planted(request, **values):
    return HttpResponse()


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (path("secret/", planted, name="secret"), "secret: no row says who may open it"),
        (path("", include(([path("secret/", planted, name="secret")], "deep"))), "deep:secret: no row"),
        (path("secret/", planted), "unnamed secret/: no row"),
        (path("help/<int:secret_id>/", planted, name="known"), "known: no sample for secret_id"),
    ],
    ids=["unlisted", "included", "unnamed", "without a sample"],
)
def test_a_new_url_fails_until_it_has_its_row(pattern, said):
    faults = faults_of_table([Page("known", "GET", ANYBODY)], [pattern], {})
    assert [fault for fault in faults if fault.startswith(said)]


def test_a_row_without_its_url_fails():
    assert faults_of_table([Page("gone", "GET", ANYBODY)], [], {}) == ["gone: there is no such URL"]
