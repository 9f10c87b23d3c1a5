"""Who calls: `Authorization: Api-Key <key>`. Nothing but a usable key opens the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.actors import Actor
from core.api_keys import api_key_find, api_key_touch
from core.models import ApiKey

KEYWORD = "Api-Key"


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The authenticated caller, in the place where DRF expects a user."""

    key: ApiKey

    is_authenticated = True
    is_anonymous = False
    is_active = True

    @property
    def pk(self) -> int:
        """The key's id, by which throttles count."""
        return self.key.pk

    @property
    def actor(self) -> Actor:
        """The key as the one who acts."""
        return Actor.of_api_key(self.key)

    def has_scope(self, scope: str) -> bool:
        """Whether the key may do what ``scope`` stands for."""
        return scope in self.key.scopes


def client_of(request: Request) -> ApiClient:
    """Return the caller of a view that HasScope guards."""
    return cast(ApiClient, request.user)


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticate by API key."""

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiKey] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != KEYWORD.lower().encode():
            return None
        if len(parts) != 2:
            raise AuthenticationFailed(f"Write the header as: Authorization: {KEYWORD} <key>", code="bad_key")
        key = api_key_find(parts[1].decode("latin-1"))
        if key is None:
            raise AuthenticationFailed("This API key is unknown, expired or revoked.", code="bad_key")
        api_key_touch(key)
        return ApiClient(key), key

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Describe the header in the OpenAPI document."""

    target_class = "core.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key <key>`; make a key in the admin under System → API keys.",
        }
