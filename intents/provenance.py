"""What a model version has learned from: so that nothing is tested on what was trained on. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intents.models import Example, ModelVersion
from intents.phrasings import text_hash

READ_IDS = 500


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """The texts of a training, as hashes of what counts as the same, and the sources that they name.

    ``references`` are as people wrote them: ``zendesk:4711``, a bare id, or the name of a review.
    """

    version: int
    frozen_at: datetime
    hashes: frozenset[str]
    references: frozenset[str]

    def knows(self, text: str) -> bool:
        """Tell whether it has learned from a text that counts as the same."""
        return text_hash(text) in self.hashes


def trained_on(version: ModelVersion) -> TrainedOn:
    """Return what the version's training took, examples as well as texts known to be off-topic."""
    rows = version.snapshot.rows
    ids = [pk for pk, _, _ in rows]
    references: set[str] = set()
    for first in range(0, len(ids), READ_IDS):
        named = Example.objects.filter(pk__in=ids[first : first + READ_IDS]).exclude(source_ref="")
        references.update(named.values_list("source_ref", flat=True))
    texts = [text for _, text, _ in rows] + [str(text) for text in version.snapshot.off_topic]
    return TrainedOn(
        version=version.number,
        frozen_at=version.snapshot.created_at,
        hashes=frozenset(text_hash(text) for text in texts),
        references=frozenset(references),
    )


def example_hashes(hashes: list[str]) -> set[str]:
    """Return those of the hashes that belong to an example of any intent, active or retired."""
    found: set[str] = set()
    for first in range(0, len(hashes), READ_IDS):
        known = Example.objects.filter(text_hash__in=hashes[first : first + READ_IDS])
        found.update(known.values_list("text_hash", flat=True))
    return found


def example_references() -> set[str]:
    """Return every source that an example of any intent names."""
    return set(Example.objects.exclude(source_ref="").values_list("source_ref", flat=True).distinct())
