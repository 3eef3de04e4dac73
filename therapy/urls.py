from django.urls import path

from therapy.views import client, clinician, messages

app_name = "therapy"
urlpatterns = [
    path("ways/", client.ways, name="ways"),
    path("ways/<int:modality_id>/", client.way, name="way"),
    path("people/", client.people, name="people"),
    path("people/me/", clinician.own_words, name="own_words"),
    path("people/<int:clinician_id>/", client.person, name="person"),
    path("care/", client.my_care, name="my_care"),
    path("messages/", messages.own, name="messages"),
    path("messages/new/", messages.begin, name="write"),
    path("messages/<int:thread_id>/", messages.thread, name="thread"),
    path("messages/<int:thread_id>/assign/", messages.assign, name="assign_thread"),
    path("messages/<int:thread_id>/close/", messages.close, name="close_thread"),
    path("inbox/", messages.inbox, name="inbox"),
    path("clients/<int:client_id>/message/", messages.begin_with, name="write_to"),
]
