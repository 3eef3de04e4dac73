from django.urls import path

from scheduling.views import choosing, client

app_name = "scheduling"
urlpatterns = [
    path("week/", client.my_week, name="my_week"),
    path("book/", choosing.what, name="book"),
    path("book/check/", choosing.check, name="check"),
    path("book/way/<int:modality_id>/", choosing.choose_time, name="choose_time"),
    path("book/<slug:want>/", choosing.how, name="how"),
    path("book/<slug:want>/when/", choosing.when, name="when"),
    path("booked/<int:booking_id>/", client.booked, name="booked"),
    path("bookings/<int:booking_id>/cancel/", client.cancel, name="cancel"),
    path("bookings/<int:booking_id>/calendar.ics", client.calendar_file, name="calendar_file"),
]
