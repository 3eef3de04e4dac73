"""What therapy records."""

from django.utils.translation import gettext_lazy as _

from iop_portal.audit.verbs import register

register(
    {
        "care.prescribed": _("changed how many hours and days of care are planned"),
        "care.viewed": _("looked at how many hours and days of care are planned"),
        "policy.changed": _("changed the program’s rules for booking and care"),
        "track.added": _("added a track"),
        "track.changed": _("changed a track"),
        "track.retired": _("took a track out of use"),
        "track.brought_back": _("put a track back in use"),
        "catalogue.offered": _("added the standard list of ways that can help"),
        "modality.added": _("added a way that can help"),
        "modality.changed": _("changed a way that can help"),
        "modality.retired": _("took a way that can help out of use"),
        "modality.brought_back": _("put a way that can help back in use"),
        "clinician.introduced": _("introduced a counsellor"),
        "clinician.changed": _("changed what is said about a counsellor"),
        "clinician.gives": _("changed what a counsellor gives"),
        "credential.added": _("added a credential"),
        "credential.changed": _("changed a credential"),
        "credential.ended": _("ended a credential"),
        # Agreements
        "agreement.published": _("published a new version of an agreement"),
        "agreement.signed": _("signed an agreement"),
        # Conversations
        "conversation.begun": _("began a conversation"),
        "conversation.read": _("read a conversation"),
        "conversation.listed": _("read the list of conversations"),
        "conversation.assigned": _("gave a conversation to somebody of the care team"),
        "conversation.closed": _("closed a conversation"),
        "message.sent": _("wrote a message"),
        # How people are, and who is on call
        "measure.asked": _("asked how you are"),
        "measure.begun": _("began to answer how they are"),
        "measure.sent": _("sent in how they are"),
        "measure.viewed": _("read your answers and numbers"),
        "measure.use_changed": _("changed which questions the program asks, and how often"),
        "alert.raised": _("asked people to act on an answer of yours"),
        "alert.viewed": _("looked at an answer of yours that people act on"),
        "alert.closed": _("wrote down what was done about an answer of yours"),
        "duty.added": _("put somebody on call"),
        "duty.removed": _("took somebody off call"),
        "duty.day_set": _("changed who is on call on one day"),
    },
    to_others={
        "measure.asked": _("asked how a client is"),
        "measure.viewed": _("read a client’s answers and numbers"),
        "alert.raised": _("asked people to act on an answer"),
        "alert.viewed": _("looked at an answer that people act on"),
        "alert.closed": _("wrote down what was done about an answer"),
    },
)
