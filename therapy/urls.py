from django.urls import path

from therapy.views import client, clinician

app_name = "therapy"
urlpatterns = [
    path("ways/", client.ways, name="ways"),
    path("ways/<int:modality_id>/", client.way, name="way"),
    path("people/", client.people, name="people"),
    path("people/me/", clinician.own_words, name="own_words"),
    path("people/<int:clinician_id>/", client.person, name="person"),
    path("care/", client.my_care, name="my_care"),
]
