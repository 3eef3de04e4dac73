"""What somebody's own calendar may say."""

from django import forms
from django.utils.translation import gettext_lazy as _

from iop_portal.forms import PortalForm
from scheduling.models import CalendarDelivery


class DetailForm(PortalForm):
    LITTLE, MORE = "little", "more"
    detail = forms.ChoiceField(
        label=_("What may each entry say?"),
        widget=forms.RadioSelect,
        help_text=_("Whoever can see your calendar sees this, and so does the company that keeps it."),
    )

    def __init__(self, *args: object, staff: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        more = _("The kind of session, and initials where it is one to one") if staff else _("What it is, and where")
        field = self.fields["detail"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(self.LITTLE, _("Only “Appointment”, and when")), (self.MORE, more)]

    @property
    def tells_more(self) -> bool:
        return bool(self.cleaned_data["detail"] == self.MORE)


class DeliveryForm(DetailForm):
    """Invitations are about bookings: whoever leads sessions reads them from an address."""

    way = forms.ChoiceField(
        label=_("How should they get there?"), choices=CalendarDelivery.Way, widget=forms.RadioSelect
    )
    field_order = ("way", "detail")

    def __init__(self, *args: object, staff: bool, **kwargs: object) -> None:
        super().__init__(*args, staff=staff, **kwargs)
        if staff:
            way = self.fields["way"]
            assert isinstance(way, forms.ChoiceField)
            way.choices = [(CalendarDelivery.Way.FEED, CalendarDelivery.Way.FEED.label)]
            way.widget = forms.HiddenInput()
