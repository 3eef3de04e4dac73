"""What care is prescribed, what there is to choose from, and who gives it. When it happens is scheduling's."""

from therapy.models.agreements import Agreement, Signature
from therapy.models.care_plans import (
    TEXTS,
    CarePlan,
    Part,
    PlanReview,
    PlanRhythm,
    PlanShare,
    PlanSignature,
    PlanSuggestion,
    Progress,
    Side,
)
from therapy.models.catalogue import FAMILIES, IN_COMPANY, LENGTHS, Format, Method, Modality, Need, programs_of
from therapy.models.clinicians import Clinician, Credential, Gender, Language, Speciality
from therapy.models.conversations import Draft, Message, Reading, Thread, Unread
from therapy.models.counsellor_requests import CounsellorRequest
from therapy.models.first_contact import FirstContact, PublicPage
from therapy.models.homework import Homework, Skill
from therapy.models.library import LibraryText, TextMark, TextVersion, Topic
from therapy.models.measures import Alert, Answer, Asking, Disposition, InstrumentUse, Sheet
from therapy.models.notes import Amendment, CounsellingNote, Note
from therapy.models.oncall import DAY, Duty
from therapy.models.opportunities import Interest, Opportunity, Step
from therapy.models.phases import Criterion, CriterionSaid, PhaseGuide
from therapy.models.policies import ClinicalPolicy
from therapy.models.practices import MOST_PINS, Pin, Sitting
from therapy.models.tracks import PartOfDay, Prescription, Track

__all__ = [
    "DAY",
    "FAMILIES",
    "IN_COMPANY",
    "LENGTHS",
    "MOST_PINS",
    "TEXTS",
    "Agreement",
    "Alert",
    "Amendment",
    "Answer",
    "Asking",
    "CarePlan",
    "ClinicalPolicy",
    "Clinician",
    "CounsellingNote",
    "CounsellorRequest",
    "Credential",
    "Criterion",
    "CriterionSaid",
    "Disposition",
    "Draft",
    "Duty",
    "FirstContact",
    "Format",
    "Gender",
    "Homework",
    "InstrumentUse",
    "Interest",
    "Language",
    "LibraryText",
    "Message",
    "Method",
    "Modality",
    "Need",
    "Note",
    "Opportunity",
    "Part",
    "PartOfDay",
    "PhaseGuide",
    "Pin",
    "PlanReview",
    "PlanRhythm",
    "PlanShare",
    "PlanSignature",
    "PlanSuggestion",
    "Prescription",
    "Progress",
    "PublicPage",
    "Reading",
    "Sheet",
    "Side",
    "Signature",
    "Sitting",
    "Skill",
    "Speciality",
    "Step",
    "TextMark",
    "TextVersion",
    "Thread",
    "Topic",
    "Track",
    "Unread",
    "programs_of",
]
