"""What care is prescribed, what there is to choose from, and who gives it. When it happens is scheduling's."""

from therapy.models.catalogue import FAMILIES, LENGTHS, Format, Method, Modality, Need, programs_of
from therapy.models.clinicians import Clinician, Credential
from therapy.models.conversations import Draft, Message, Reading, Thread, Unread
from therapy.models.policies import ClinicalPolicy
from therapy.models.tracks import PartOfDay, Prescription, Track

__all__ = [
    "FAMILIES",
    "LENGTHS",
    "ClinicalPolicy",
    "Clinician",
    "Credential",
    "Draft",
    "Format",
    "Message",
    "Method",
    "Modality",
    "Need",
    "PartOfDay",
    "Prescription",
    "Reading",
    "Thread",
    "Track",
    "Unread",
    "programs_of",
]
