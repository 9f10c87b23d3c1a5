"""Admin pages of people and their groups, and the guard against making oneself mightier.

Who is not a superuser may edit only people who hold no permission beyond their own, and may hand out neither
permissions nor groups. Nobody is deleted: a person who leaves is made inactive, the log keeps their name.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from core import activity
from core.admin_base import BaseAdmin, actor_of
from core.models import User

POWER_FIELDS = ("is_superuser", "is_staff", "groups", "user_permissions")

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BaseAdmin):
    """People who sign in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_change_permission(request, obj):
            return False
        me = request.user
        return (
            obj is None
            or me.is_superuser
            or (not obj.is_superuser and obj.get_all_permissions() <= me.get_all_permissions())
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        power = () if request.user.is_superuser else POWER_FIELDS
        return (*super().get_readonly_fields(request, obj), "last_login", "date_joined", *power)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        grants = request.method == "POST" and any(field in request.POST for field in POWER_FIELDS)
        if grants and not request.user.is_superuser:
            raise PermissionDenied("Only a superuser hands out permissions and groups.")
        return super().changeform_view(request, *args, **kwargs)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        return super().user_change_password(request, id, form_url)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Note a changed password too: that page saves without save_related()."""
        if any("password" in str(part).lower() for part in (message if isinstance(message, list) else [])):
            activity.record(actor_of(request), "user.password_changed", obj)
        return super().log_change(request, obj, message)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, BaseAdmin):
    """Roles; see supportadmin.roles for what each of ours may do."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)
