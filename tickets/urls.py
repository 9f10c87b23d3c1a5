"""The tickets' part of the API."""

from django.urls import path

from tickets.api import CategoryListView

urlpatterns = [path("categories", CategoryListView.as_view(), name="categories")]
