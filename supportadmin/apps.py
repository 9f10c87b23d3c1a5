from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SupportAdminConfig(AppConfig):
    name = "supportadmin"
    verbose_name = "Support admin"


class SiteConfig(AdminConfig):
    """Put our admin site in the place of Django's default one."""

    default_site = "supportadmin.site.SupportAdminSite"
