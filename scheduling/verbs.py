"""What scheduling records."""

from django.utils.translation import gettext_lazy as _

from iop_portal.audit.verbs import register

register(
    {
        "room.added": _("added a room"),
        "room.changed": _("changed a room"),
        "room.taken_out_of_use": _("took a room out of use"),
        "room.put_back_in_use": _("put a room back in use"),
        "booking.created": _("booked a session"),
        "booking.cancelled": _("cancelled a booking"),
        "booking.cancelled_by_program": _("cancelled a session that you had booked"),
        "booking.moved": _("moved a session that you have booked"),
        "session.cancelled": _("cancelled a session"),
        "session.moved": _("changed when or where a session is, or who leads it"),
        "booking.rescheduled": _("moved a booking to another time"),
        "booking.made_up": _("booked a session to make up for a missed one"),
        "hours.set": _("changed their working hours"),
        "hours.day_excepted": _("changed their hours on one day"),
        "time_off.taken": _("noted time off"),
        "time_off.taken_back": _("took time off back"),
        "wishes.saved": _("changed what they wish for their week"),
        "roster.read": _("looked at who is booked"),
        "calendar.address_made": _("made an address for their own calendar"),
        "calendar.address_replaced": _("made a new address for their own calendar"),
        "calendar.detail_chosen": _("chose what their own calendar says"),
        "calendar.by_mail": _("asked for invitations by mail for their own calendar"),
        "calendar.ended": _("stopped appointments from going to their own calendar"),
        "commitment.added": _("wrote down a time that is kept free"),
        "commitment.changed": _("changed a time that is kept free"),
        "commitment.ended": _("ended a time that was kept free"),
        "arrival.in_room": _("came to a session"),
        "arrival.by_video": _("came to the door of a video call"),
        "arrival.joined": _("was let into a video call"),
        "whereabouts.read": _("looked where you were during a video call"),
        "video.address_set": _("changed where they hold video calls"),
        "video.address_removed": _("removed the address of their video calls"),
        "video.opened": _("opened the room of a video call"),
        "video.closed": _("closed the room of a video call"),
        "hours.exception_ended": _("took back a change of hours"),
    },
    to_others={
        "booking.cancelled_by_program": _("cancelled a session that somebody had booked"),
        "booking.moved": _("moved a session that somebody has booked"),
        "whereabouts.read": _("looked where a client was during a video call"),
    },
)
