"""Off-topic texts that people have tagged sharpen the next training, and stand in its snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.actors import Actor
from core.models import User
from intents.models import DatasetSnapshot, Intent
from intents.services import training_prepare, training_run, trainings
from intents.services.judging import NewCase, case_add
from intents.tagging.contracts import Answer
from intents.tagging.selectors import off_topic_texts
from intents.training import train
from tests.intents.tagged import policy, queue_up, say

pytestmark = pytest.mark.django_db


@pytest.mark.row("3.17", "3.8")
def test_a_training_takes_the_off_topic_texts_of_its_snapshot(
    support_intents: dict[str, Intent],
    model_dir: Path,
    actor: Actor,
    with_role: Callable[[str, str], User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy(double_percent=0)
    before = training_prepare(actor=actor).version.snapshot
    assert before.off_topic == []
    tara = Actor.of_user(with_role("tara", "Tagger"))
    texts = ["Is it going to rain in Cork?", "Which novel shall I read?"]
    for item in queue_up(*texts):
        say(tara, item, Answer.off_topic())
    version = training_prepare(actor=actor).version
    assert version.snapshot.off_topic == texts
    assert version.snapshot.sha256 != before.sha256
    assert version.snapshot.rows == before.rows
    say(tara, queue_up("Who won the match?")[0], Answer.off_topic())  # after it was frozen
    given: dict[str, Any] = {}

    def watched(dataset: Any, **options: Any) -> Any:
        given.update(options)
        return train(dataset, **options)

    monkeypatch.setattr(trainings, "train", watched)
    assert training_run(version_id=version.pk).state == "ready"
    assert list(given["oos_texts"]) == texts


@pytest.mark.row("3.17")
def test_without_off_topic_texts_the_snapshot_is_the_one_that_it_always_was(
    support_intents: dict[str, Intent], actor: Actor
) -> None:
    one = training_prepare(actor=actor).version.snapshot
    assert training_prepare(actor=actor).version.snapshot == one
    assert DatasetSnapshot.objects.get().off_topic == []


@pytest.mark.row("3.17")
def test_a_test_phrase_is_never_trained_on_even_when_it_was_tagged(
    actor: Actor, with_role: Callable[[str, str], User]
) -> None:
    policy(double_percent=0)
    item = queue_up("Is it going to rain in Cork?")[0]
    say(Actor.of_user(with_role("tara", "Tagger")), item, Answer.off_topic())
    assert off_topic_texts() == (item.text,)
    case_add(actor=actor, case=NewCase(item.text, None, "ticket", "T-1"))
    assert off_topic_texts() == ()
