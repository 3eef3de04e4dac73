from django.urls import path

from iop_portal.home.views import (
    caseload,
    choices,
    client_page,
    giving,
    help,
    landing,
    more,
    my_record,
    opened,
    permissions,
)

app_name = "home"
urlpatterns = [
    path("", landing.landing, name="landing"),
    path("help/", help.help_now, name="help"),
    path("caseload/", caseload.caseload, name="caseload"),
    path("caseload/file/", caseload.caseload_file, name="caseload_file"),
    path("clients/<int:client_id>/", client_page.client_page, name="client"),
    path("clients/<int:client_id>/tell/", client_page.tell, name="tell"),
    path("caseload/short/<int:enrolment_id>/", caseload.take_on_short_week, name="take_on_short_week"),
    path("choices/", choices.my_choices, name="choices"),
    path("choices/permissions/", permissions.permitted, name="permissions"),
    path("choices/new/check/", giving.check, name="permission_check"),
    path("choices/new/<slug:step>/", giving.step, name="permission_step"),
    path("choices/<int:consent_id>/", permissions.permission, name="permission"),
    path("choices/<int:consent_id>/withdraw/", permissions.withdraw, name="withdraw"),
    path("choices/<int:consent_id>/seen/", permissions.seen_as, name="seen_as"),
    path("more/", more.more, name="more"),
    path("my-record/", my_record.my_record, name="my_record"),
    path("my-record/opened/", opened.opened, name="opened"),
]
