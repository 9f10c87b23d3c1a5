"""The admin site: its name, and who may enter."""

from __future__ import annotations

from unfold.sites import UnfoldAdminSite


class SupportAdminSite(UnfoldAdminSite):
    """The one admin site, in the order of the guide's six steps."""

    site_header = "Support Admin"
    site_title = "Support Admin"
    index_title = "Train your support agent"
    enable_nav_sidebar = True
