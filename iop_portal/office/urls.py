from django.urls.resolvers import URLPattern

app_name = "office"
urlpatterns: list[URLPattern] = []
