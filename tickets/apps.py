"""The Django app of closed tickets."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = "Audit"
    default_auto_field = "django.db.models.BigAutoField"
