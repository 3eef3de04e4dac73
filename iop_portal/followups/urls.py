from django.urls import path

from iop_portal.followups import views

app_name = "followups"
urlpatterns = [
    path("follow-ups/", views.mine, name="mine"),
    path("follow-ups/<int:follow_up_id>/", views.one, name="one"),
    path("follow-ups/<int:follow_up_id>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("follow-ups/<int:follow_up_id>/snooze/", views.snooze, name="snooze"),
]
