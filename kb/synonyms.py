"""The list of search synonyms: kept by people, used by every search from the next one on.

Decides nothing about how much a synonym counts (kb.ranking).
"""

from __future__ import annotations

from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.permissions import require
from kb import index_version
from kb.models import SearchSynonyms
from kb.ranking import SYNONYM_SHARE
from nlp.synonyms import Synonyms, SynonymsRefused


def current_synonyms() -> Synonyms:
    """Return the list as it is now, ready to be searched with."""
    return Synonyms((row.line for row in SearchSynonyms.objects.order_by("pk")), share=SYNONYM_SHARE)


def synonyms_check(row: SearchSynonyms) -> None:
    """Raise InvalidInput where the list would not work with this line in it."""
    others = SearchSynonyms.objects.exclude(pk=row.pk).order_by("pk")
    try:
        Synonyms([*(other.line for other in others), row.line])
    except SynonymsRefused as refusal:
        raise InvalidInput(str(refusal), code=refusal.code) from refusal


def synonyms_save(*, actor: Actor, row: SearchSynonyms) -> None:
    """Add or change a line; the next search uses it."""
    require(actor, "kb.change_searchsynonyms")
    row.phrase, *others = (" ".join(phrase.split()) for phrase in row.line)
    row.same_as = ", ".join(others)
    with transaction.atomic():
        index_version.bump()  # changes take turns from here on
        synonyms_check(row)
        verb = "search_synonyms.created" if row.pk is None else "search_synonyms.changed"
        old = SearchSynonyms.objects.filter(pk=row.pk).first()
        row.save()
        before = {"phrase": old.phrase, "same_as": old.same_as} if old else {}
        activity.record(actor, verb, row, before=before, after={"phrase": row.phrase, "same_as": row.same_as})


def synonyms_delete(*, actor: Actor, row: SearchSynonyms) -> None:
    """Take a line out of the list; the next search does without."""
    require(actor, "kb.delete_searchsynonyms")
    with transaction.atomic():
        index_version.bump()
        before = {"phrase": row.phrase, "same_as": row.same_as}
        activity.record(actor, "search_synonyms.deleted", row, before=before)
        row.delete()
