from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class SupportAdminConfig(AppConfig):
    name = "supportadmin"
    verbose_name = "Support admin"

    def ready(self) -> None:
        post_migrate.connect(_sync_roles, sender=self)


class SiteConfig(AdminConfig):
    """Put our admin site in the place of Django's default one."""

    default_site = "supportadmin.site.SupportAdminSite"


def _sync_roles(**_: Any) -> None:
    """Give the roles the permissions of this version; this app is the last, so all of them are there."""
    from supportadmin.roles import roles_sync  # noqa: PLC0415 - models are there by now

    roles_sync()
