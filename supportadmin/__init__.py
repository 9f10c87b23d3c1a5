"""The project: settings, URLs, admin site, dashboard, `serve`, `quickstart`. Imported by no other package."""

from supportadmin.celery import app as celery_app

__all__ = ["celery_app"]
