from django.urls import path

from iop_portal.home.views import caseload, choices, client_page, help, landing, more, opened, permission

app_name = "home"
urlpatterns = [
    path("", landing.landing, name="landing"),
    path("help/", help.help_now, name="help"),
    path("caseload/", caseload.caseload, name="caseload"),
    path("clients/<int:client_id>/", client_page.client_page, name="client"),
    path("clients/<int:client_id>/tell/", client_page.tell, name="tell"),
    path("choices/", choices.my_choices, name="choices"),
    path("choices/new/check/", permission.check, name="permission_check"),
    path("choices/new/<slug:step>/", permission.step, name="permission_step"),
    path("choices/<int:consent_id>/", choices.permission, name="permission"),
    path("choices/<int:consent_id>/withdraw/", choices.withdraw, name="withdraw"),
    path("choices/<int:consent_id>/seen/", choices.seen_as, name="seen_as"),
    path("more/", more.more, name="more"),
    path("my-record/opened/", opened.opened, name="opened"),
]
