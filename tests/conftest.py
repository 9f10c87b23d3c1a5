"""Fixtures that every package's tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from core.models import User


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make a member of staff with the given permissions ("app.codename"), or a superuser."""

    def make(username: str = "kim", *permissions: str, superuser: bool = False) -> User:
        user = User.objects.create_user(username, is_staff=True, is_superuser=superuser)
        for permission in permissions:
            app_label, codename = permission.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app_label, codename=codename)
            )
        return user

    return make


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """Return a browser in which the user is signed in, with CSRF checks on as in production."""

    def enter(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return enter
