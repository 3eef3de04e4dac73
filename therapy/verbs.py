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
        # Conversations
        "conversation.begun": _("began a conversation"),
        "conversation.read": _("read a conversation"),
        "conversation.listed": _("read the list of conversations"),
        "conversation.assigned": _("gave a conversation to somebody of the care team"),
        "conversation.closed": _("closed a conversation"),
        "message.sent": _("wrote a message"),
    }
)
