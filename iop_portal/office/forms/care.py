"""What admins type about care: the rules, tracks, what is offered, who gives it, and admission."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from iop_portal.accounts.care_teams import CannotJoin
from iop_portal.accounts.enrolments import NoReason, ReasonDoesNotFit, reasons_for
from iop_portal.forms import PortalForm, SeenForm
from iop_portal.office.forms import EditForm, PersonChoice, ask_later
from iop_portal.people.models import Enrolment, Program, User
from iop_portal.refusals import Refused
from scheduling.credentials import LeavesSessions
from therapy import catalogue, clinicians, policies, prescribing, tracks
from therapy.admitting import NoPrimaryCounsellor, primary_counsellor
from therapy.catalogue import ModalityDetails
from therapy.clinicians import CredentialDetails
from therapy.models import LENGTHS, ClinicalPolicy, Clinician, Credential, Modality, Need, Prescription, Track
from therapy.phases import first_wishes
from therapy.policies import PolicyDetails
from therapy.tracks import TrackDetails


class PolicyForm(EditForm):
    details = policies.DETAILS
    blames = {
        policies.HoursOutOfRange: "hours_per_week",
        policies.DaysOutOfRange: "days_per_week",
        policies.UnknownWeekday: "week_starts_on",
        policies.NoticeTooLong: "notice_minutes",
        policies.NothingCouldBeBooked: "notice_minutes",
        policies.HorizonOutOfRange: "horizon_days",
        policies.CancelWindowTooLong: "cancel_hours",
        policies.BufferTooLong: "buffer_minutes",
        policies.GraceTooLong: "grace_minutes",
        policies.TooManyMakeUps: "make_ups_per_week",
        policies.OddOffer: "offer_minutes",
        policies.OddAnswerTime: "answer_hours",
        policies.OddAlertTime: "alert_minutes",
        policies.OddRatio: "clients_per_counsellor",
    }

    class Meta:
        model = ClinicalPolicy
        fields = policies.DETAILS
        labels = {
            "hours_per_week": gettext_lazy("Usual hours a week"),
            "days_per_week": gettext_lazy("Usual days a week"),
            "week_starts_on": gettext_lazy("The program’s week starts on"),
            "notice_minutes": gettext_lazy("Shortest notice for booking, in minutes"),
            "horizon_days": gettext_lazy("How many days ahead people can book"),
            "cancel_hours": gettext_lazy("How many hours before people can cancel"),
            "buffer_minutes": gettext_lazy("Minutes between two sessions of a clinician"),
            "grace_minutes": gettext_lazy("Minutes that somebody may come late"),
            "make_ups_per_week": gettext_lazy("Sessions a week that may make up for missed ones"),
            "offer_minutes": gettext_lazy("How long an offered place is kept, in minutes"),
            "answer_hours": gettext_lazy("Within how many hours messages of clients are answered"),
            "alert_minutes": gettext_lazy(
                "After how many minutes an answer that cannot wait goes on to the next person"
            ),
            "clients_per_counsellor": gettext_lazy("Most clients of one primary counsellor"),
        }
        help_texts = {
            "hours_per_week": gettext_lazy("Where the phases of the program say nothing else."),
            "cancel_hours": gettext_lazy("After that it is said to be late, and never refused."),
            "grace_minutes": gettext_lazy("After that a group is closed for the day."),
            "make_ups_per_week": gettext_lazy("Each in the week of the missed one or the week after. 0 means none."),
            "offer_minutes": gettext_lazy("For whoever waited for it. Quiet hours do not count."),
            "answer_hours": gettext_lazy(
                "People read it before they write. Later than that, somebody is asked to answer."
            ),
            "alert_minutes": gettext_lazy(
                "Until somebody has written down what was done. It does so by day and by night."
            ),
            "clients_per_counsellor": gettext_lazy(
                "Whoever has as many is suggested to nobody new. You may still put somebody on their care team."
            ),
        }

    def version(self, row: ClinicalPolicy) -> str:
        return policies.policy_version(row)

    def policy(self) -> PolicyDetails:
        return PolicyDetails(**{name: self.cleaned_data[name] for name in policies.DETAILS})


class TrackForm(EditForm):
    details = tracks.DETAILS
    blames = {tracks.TrackNameTaken: "name", tracks.UnknownPartOfDay: "part_of_day"}

    class Meta:
        model = Track
        fields = tracks.DETAILS
        labels = {
            "name": gettext_lazy("Name"),
            "part_of_day": gettext_lazy("Part of the day"),
            "about": gettext_lazy("For whom it is"),
        }
        widgets = {"part_of_day": forms.RadioSelect, "about": forms.Textarea(attrs={"rows": 3})}

    def version(self, row: Track) -> str:
        return tracks.track_version(row)

    def track(self) -> TrackDetails:
        return TrackDetails(**{name: self.cleaned_data[name] for name in tracks.DETAILS})


class ModalityForm(EditForm):
    details = catalogue.DETAILS
    blames = {
        catalogue.ModalityNameTaken: "name",
        catalogue.HelpsWithNothing: "needs",
        catalogue.UnknownNeed: "needs",
        catalogue.NoLength: "lengths",
        catalogue.OddLength: "lengths",
        catalogue.OneToOneMeansOne: "clinical_cap",
        catalogue.CapTooHigh: "clinical_cap",
    }
    needs = forms.MultipleChoiceField(
        label=gettext_lazy("What it helps with"), choices=Need, widget=forms.CheckboxSelectMultiple
    )
    lengths = forms.CharField(
        label=gettext_lazy("Lengths, in minutes"),
        max_length=60,
        help_text=gettext_lazy("One or more, with commas between them, such as 25, 50, 80."),
    )

    class Meta:
        model = Modality
        fields = catalogue.DETAILS
        labels = {
            "name": gettext_lazy("Name"),
            "in_short": gettext_lazy("In one sentence"),
            "format": gettext_lazy("Format"),
            "method": gettext_lazy("Method"),
            "clinical_cap": gettext_lazy("Most people in one session"),
            "what_happens": gettext_lazy("What happens there"),
            "whom_it_helps": gettext_lazy("Who it helps"),
            "first_time": gettext_lazy("The first time"),
            "who_leads": gettext_lazy("Who leads it"),
            "counts": gettext_lazy("Its minutes count toward the hours"),
            "for_applicants": gettext_lazy("People who are not admitted yet may book it"),
        }
        help_texts = {
            "name": gettext_lazy("Clients and their families read it. Choose plain words."),
            "clinical_cap": gettext_lazy("One for one to one. A room may hold fewer."),
            "first_time": gettext_lazy("What to bring, what not to worry about."),
        }
        widgets = {
            "what_happens": forms.Textarea(attrs={"rows": 4}),
            "whom_it_helps": forms.Textarea(attrs={"rows": 3}),
            "first_time": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, instance: Modality | None = None, **kwargs: Any) -> None:
        super().__init__(*args, instance=instance, **kwargs)
        if instance:
            self.initial["lengths"] = ", ".join(map(str, instance.lengths))

    def clean_lengths(self) -> list[int]:
        words = self.cleaned_data["lengths"].replace(",", " ").split()
        if not words or not all(word.isascii() and word.isdigit() for word in words):
            raise forms.ValidationError(_("Write minutes as numbers, with commas between them, such as 25, 50, 80."))
        if any(int(word[:9]) not in LENGTHS for word in words):
            raise forms.ValidationError(str(catalogue.OddLength.message))
        return sorted({int(word) for word in words})

    def version(self, row: Modality) -> str:
        return catalogue.modality_version(row)

    def modality(self) -> ModalityDetails:
        wanted = {name: self.cleaned_data[name] for name in catalogue.DETAILS}
        return ModalityDetails(**wanted | {"needs": tuple(wanted["needs"]), "lengths": tuple(wanted["lengths"])})


# ── Clinicians ────────────────────────────────────────────────────────────────────────────────────────────────


class IntroduceForm(PortalForm):
    blames = {clinicians.NotAClinicianHere: "user", clinicians.IntroducedAlready: "user"}
    user = PersonChoice(label=gettext_lazy("Who"), queryset=User.objects.none())
    title = Clinician._meta.get_field("title").formfield(
        label=gettext_lazy("Title"), help_text=gettext_lazy("Such as counsellor or art therapist.")
    )

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = User.objects.clinicians_of(program).filter(clinician=None)
        self.fields["user"].queryset = waiting  # type: ignore[attr-defined]


class ProfileForm(EditForm):
    details = ("title", "about")

    class Meta:
        model = Clinician
        fields = ("title", "about")
        labels = {"title": gettext_lazy("Title"), "about": gettext_lazy("In their own words")}
        help_texts = {"about": gettext_lazy("They can change this themselves.")}

    def version(self, row: Clinician) -> str:
        return clinicians.profile_version(row)


class SupervisionForm(PortalForm):
    blames = {clinicians.SupervisionNotWhole: "until", clinicians.CannotSupervise: "supervisor"}
    supervisor = PersonChoice(
        label=gettext_lazy("Who co-signs their notes"),
        queryset=User.objects.none(),
        required=False,
    )
    until = forms.DateField(
        label=gettext_lazy("Intern until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy(
            "Their last day. From the day after, nothing of a clinician is open to them, until you change it."
        ),
    )

    def __init__(self, *args: Any, clinician: Clinician, program: Program, **kwargs: Any) -> None:
        initial = {"supervisor": clinician.supervisor_id, "until": clinician.intern_until}
        super().__init__(*args, initial=initial, **kwargs)
        others = User.objects.clinicians_of(program).exclude(pk=clinician.user_id)
        self.fields["supervisor"].queryset = others.filter(  # type: ignore[attr-defined]
            clinician__isnull=False, clinician__supervisor=None
        )
        self.fields["supervisor"].empty_label = gettext_lazy("Nobody: they are not an intern")  # type: ignore[attr-defined]


class GivesForm(SeenForm):
    modalities = forms.ModelMultipleChoiceField(
        label=gettext_lazy("What they lead here"),
        queryset=Modality.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, clinician: Clinician, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = Modality.objects.filter(Q(in_use=True) | Q(given_by=clinician), program=program).distinct()
        self.fields["modalities"].queryset = there  # type: ignore[attr-defined]
        self.fields["modalities"].initial = list(clinician.gives.filter(program=program))
        self.fields["seen"].initial = clinicians.gives_version(clinician, program)


class CredentialForm(EditForm):
    details = clinicians.CREDENTIAL_DETAILS
    blames = {
        clinicians.HeldAlready: "kind",
        clinicians.UnknownCredential: "kind",
        clinicians.UnknownState: "state",
        clinicians.OddDate: "expires_on",
    }

    class Meta:
        model = Credential
        fields = clinicians.CREDENTIAL_DETAILS
        labels = {
            "kind": gettext_lazy("Kind"),
            "state": gettext_lazy("State"),
            "expires_on": gettext_lazy("Valid until"),
        }
        help_texts = {"state": gettext_lazy("Its two letters, such as NY.")}
        widgets = {"expires_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def clean_state(self) -> str:
        return cast(str, self.cleaned_data["state"]).upper()

    def version(self, row: Credential) -> str:
        return clinicians.credential_version(row)

    def credential(self) -> CredentialDetails:
        return CredentialDetails(**{name: self.cleaned_data[name] for name in clinicians.CREDENTIAL_DETAILS})


class ChangeCredentialForm(CredentialForm):
    blames = CredentialForm.blames | {LeavesSessions: "sure"}
    sure = forms.BooleanField(
        label=gettext_lazy("Save it all the same. I see to these sessions on the clinician’s page."), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_later(self, "sure")

    def refuse(self, refusal: Refused) -> None:
        if isinstance(refusal, LeavesSessions):
            self.fields["sure"].widget = forms.CheckboxInput()
        super().refuse(refusal)


# ── Admission ─────────────────────────────────────────────────────────────────────────────────────────────────


class AdmitForm(PortalForm):
    blames = {
        NoPrimaryCounsellor: "counsellor",
        CannotJoin: "counsellor",
        prescribing.TrackElsewhere: "track",
        prescribing.TrackRetired: "track",
        prescribing.HoursNotPrescribable: "hours",
        prescribing.DaysNotPrescribable: "days",
        prescribing.UnknownPhase: "phase",
    }
    counsellor = PersonChoice(label=gettext_lazy("Primary counsellor"), queryset=User.objects.none())
    track = forms.ModelChoiceField(label=gettext_lazy("Track"), queryset=Track.objects.none())
    phase = forms.ChoiceField(label=gettext_lazy("Phase"), choices=Prescription.Phase, widget=forms.RadioSelect)
    hours = forms.IntegerField(label=gettext_lazy("Hours a week"), min_value=0, max_value=40)
    days = forms.IntegerField(label=gettext_lazy("Days a week"), min_value=0, max_value=7)

    def __init__(self, *args: Any, enrolment: Enrolment, **kwargs: Any) -> None:
        initial = first_wishes(enrolment, None) | {"counsellor": primary_counsellor(enrolment)}
        super().__init__(*args, initial=initial, **kwargs)
        offered = Track.objects.filter(program=enrolment.program, in_use=True)
        self.fields["counsellor"].queryset = User.objects.clinicians_of(enrolment.program)  # type: ignore[attr-defined]
        self.fields["track"].queryset = offered  # type: ignore[attr-defined]


class DischargeForm(PortalForm):
    """Why an enrolment ends. Nothing is chosen beforehand."""

    blames = {NoReason: "reason", ReasonDoesNotFit: "reason"}

    reason = forms.ChoiceField(label=gettext_lazy("Why does it end?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, enrolment: Enrolment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["reason"])
        field.choices = [(reason.value, reason.label) for reason in reasons_for(enrolment)]
        field.error_messages |= dict.fromkeys(("required", "invalid_choice"), str(NoReason.message))
