"""May this actor do it? Services ask here, so that admin, API and commands get the same answer."""

from __future__ import annotations

from core.actors import Actor
from core.errors import NotAllowed
from core.models import User


def may(actor: Actor, permission: str) -> bool:
    """Return whether the actor has a Django permission; to ask, not to refuse."""
    try:
        require(actor, permission)
    except NotAllowed:
        return False
    return True


def require(actor: Actor, permission: str, *, api_keys: bool = False) -> None:
    """Raise NotAllowed unless the actor has a Django permission such as ``"kb.change_article"``.

    The system may do everything. An API key may only where ``api_keys`` says so: its scope has then been
    checked by the endpoint.
    """
    if actor.kind == "system" or (actor.kind == "api_key" and api_keys):
        return
    if actor.user_id is not None:
        user = User.objects.filter(pk=actor.user_id, is_active=True).first()
        if user is not None and user.has_perm(permission):
            return
    raise NotAllowed("You may not do this; ask an administrator for the role.", extra={"needs": permission})
