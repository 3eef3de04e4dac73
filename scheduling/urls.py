from django.urls import path

from scheduling.views import calendar, choosing, client, clinician, moving, own, timetable

app_name = "scheduling"
urlpatterns = [
    path("week/", client.my_week, name="my_week"),
    path("week/own/", own.own_times, name="own_times"),
    path("week/own/add/<slug:rhythm>/", own.add_own_time, name="add_own_time"),
    path("week/own/<int:commitment_id>/", own.change_own_time, name="change_own_time"),
    path("week/own/<int:commitment_id>/end/", own.end_own_time, name="end_own_time"),
    path("book/", choosing.what, name="book"),
    path("book/check/", choosing.check, name="check"),
    path("book/way/<int:modality_id>/", choosing.choose_time, name="choose_time"),
    path("book/<slug:want>/", choosing.how, name="how"),
    path("book/<slug:want>/when/", choosing.when, name="when"),
    path("booked/<int:booking_id>/", client.booked, name="booked"),
    path("bookings/<int:booking_id>/cancel/", client.cancel, name="cancel"),
    path("bookings/<int:booking_id>/move/", moving.move, name="move"),
    path("bookings/<int:booking_id>/move/check/", moving.check_move, name="check_move"),
    path("bookings/<int:booking_id>/calendar.ics", client.calendar_file, name="calendar_file"),
    path("calendar/", calendar.my_calendar, name="my_calendar"),
    path("calendar/begin/", calendar.begin, name="begin_calendar"),
    path("calendar/address/", calendar.replace_address, name="replace_calendar_address"),
    path("calendar/detail/", calendar.choose_detail, name="calendar_detail"),
    path("calendar/end/", calendar.end, name="end_calendar"),
    path("calendar/<str:secret>.ics", calendar.feed, name="calendar_feed"),
    path("hours/", clinician.my_hours, name="my_hours"),
    path("hours/<int:program_id>/<int:weekday>/", clinician.weekday_hours, name="weekday_hours"),
    path("hours/<int:program_id>/day/", clinician.choose_day, name="choose_day"),
    path("hours/<int:program_id>/day/<slug:on>/", clinician.except_day, name="except_day"),
    path("hours/exceptions/<int:exception_id>/end/", clinician.end_exception, name="end_exception"),
    path("timetable/", timetable.week, name="timetable"),
    path("sessions/<int:session_id>/", clinician.roster, name="roster"),
]
