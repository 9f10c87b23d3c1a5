"""Seal all stored secrets anew, after a key was put in front of FIELD_ENCRYPTION_KEY."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core.actors import Actor
from core.errors import DomainError
from runtime.actions.configuring import secrets_reseal
from runtime.inbound.configuring import sources_reseal

EXIT_REFUSED = 2


class Command(BaseCommand):
    """``manage.py reseal_secrets``: exit status 0 when all are sealed with the first key, 2 when refused."""

    help = (
        "Seal the secrets of all connections and inbound sources with the first key of "
        "FIELD_ENCRYPTION_KEY; then the others may go. "
        "All or none: a secret that no key opens refuses the whole."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = Actor.system("reseal_secrets")
            with transaction.atomic():
                count = secrets_reseal(actor=actor) + sources_reseal(actor=actor)
        except InvalidToken:
            message = "A secret cannot be opened by any of the keys. Nothing was changed."
            raise CommandError(message, returncode=EXIT_REFUSED) from None
        except DomainError as refusal:
            raise CommandError(refusal.message, returncode=EXIT_REFUSED) from None
        self.stdout.write(f"{count} secrets are sealed with the first key.")
