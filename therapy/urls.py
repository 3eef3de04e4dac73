from django.urls import path

from therapy.views import agreements, alerts, client, clinician, measures, messages

app_name = "therapy"
urlpatterns = [
    path("ways/", client.ways, name="ways"),
    path("ways/<int:modality_id>/", client.way, name="way"),
    path("people/", client.people, name="people"),
    path("people/me/", clinician.own_words, name="own_words"),
    path("people/<int:clinician_id>/", client.person, name="person"),
    path("care/", client.my_care, name="my_care"),
    path("agreements/", agreements.own, name="agreements"),
    path("agreements/<int:agreement_id>/", agreements.agreement, name="agreement"),
    path("messages/", messages.own, name="messages"),
    path("messages/new/", messages.begin, name="write"),
    path("messages/<int:thread_id>/", messages.thread, name="thread"),
    path("messages/<int:thread_id>/assign/", messages.assign, name="assign_thread"),
    path("messages/<int:thread_id>/close/", messages.close, name="close_thread"),
    path("inbox/", messages.inbox, name="inbox"),
    path("clients/<int:client_id>/message/", messages.begin_with, name="write_to"),
    path("measures/", measures.how_you_have_been, name="measures"),
    path("measures/<slug:instrument>/", measures.one, name="measure"),
    path("measures/<slug:instrument>/begin/", measures.begin, name="begin_measure"),
    path("measures/sheets/<int:sheet_id>/check/", measures.check, name="check_measure"),
    path("measures/sheets/<int:sheet_id>/<slug:item>/", measures.question, name="question"),
    path("measures/sheets/<int:sheet_id>/<slug:item>/help/", measures.help_now, name="measure_help"),
    path("clients/<int:client_id>/measures/<slug:instrument>/", alerts.client_measure, name="client_measure"),
    path("clients/<int:client_id>/measures/<slug:instrument>/ask/", alerts.ask_client, name="ask_client"),
    path("alerts/<int:alert_id>/", alerts.alert, name="alert"),
]
