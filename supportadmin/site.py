"""The admin site: its name, and who may enter."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from pilot.selectors import current_pilots

PILOT_PAGES = "pilot/"


class SupportAdminSite(UnfoldAdminSite):
    """The one admin site, in the order of the guide's six steps."""

    site_header = "Support Admin"
    site_title = "Support Admin"
    index_title = "Train your support agent"
    enable_nav_sidebar = True

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the running pilots to the pages of pilots, so that each of these has the kill switch."""
        context = super().each_context(request)
        if request.path.startswith(reverse("admin:index") + PILOT_PAGES) and request.user.has_perm(
            "pilot.view_pilot"
        ):
            context["pilots_at_hand"] = current_pilots()
        return context
