"""What accounts writes into the trail, in the sentences that a client reads there."""

from django.utils.translation import gettext_lazy as _

from iop_portal.audit import verbs

verbs.register(
    {
        "account.opened": _("opened an account"),
        "account.closed": _("closed an account"),
        "account.reopened": _("opened an account again"),
        "account.signed_in": _("signed in"),
        "account.signed_out": _("signed out"),
        "account.timed_out": _("was signed out after a while without activity"),
        "account.sign_in_failed": _("tried to sign in and could not"),
        "account.others_signed_out": _("signed out on other devices"),
        "account.reset_asked": _("asked for a new password"),
        "account.password_changed": _("changed the password"),
        "account.password_reset": _("set a new password by e-mail"),
        "account.address_asked": _("asked to change the e-mail address"),
        "account.address_changed": _("changed the e-mail address"),
        "account.address_removed": _("removed an e-mail address"),
        "account.authenticator_added": _("added an authenticator app"),
        "account.authenticator_removed": _("removed the authenticator app"),
        "account.passkey_added": _("added a passkey"),
        "account.passkey_removed": _("removed a passkey"),
        "account.recovery_codes_made": _("made new spare codes"),
        "account.settings_changed": _("changed their settings"),
        "program.opened": _("opened a program"),
        "program.changed": _("changed what a program is set to"),
        "invitation.made": _("invited somebody"),
        "invitation.withdrawn": _("withdrew an invitation"),
        "invitation.accepted": _("accepted an invitation"),
        "role.given": _("gave somebody a role"),
        "role.taken": _("took a role from somebody"),
        "enrolment.referred": _("noted your referral"),
        "enrolment.admitted": _("admitted you to the program"),
        "enrolment.discharged": _("noted the end of your time in the program"),
        "care_team.joined": _("added a counsellor to your care team"),
        "care_team.not_joined": _("could not add a counsellor to your care team"),
        "care_team.left": _("ended a counsellor’s place on your care team"),
        "care_team.primary_chosen": _("chose your primary counsellor"),
        "apart.begun": _("decided that two people do not meet here"),
        "apart.ended": _("decided that two people may meet here again"),
        "glass.broken": _("opened your record in an emergency"),
        "glass.refused": _("tried to open a record in an emergency and could not"),
        "glass.ended": _("ended an emergency access to your record"),
        "glass.reviewed": _("reviewed an emergency access to your record"),
    }
)
