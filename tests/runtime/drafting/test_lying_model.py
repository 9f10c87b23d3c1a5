"""A language model that lies, judged by itself: not one of its false sentences is in a draft."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from integrations.llm import ChatCompletions
from runtime.drafting.answering import Drafting
from runtime.drafting.contracts import EXTRACTIVE, LLM, Draft
from runtime.drafting.voice import answer_reply
from tests.integrations.stand_ins.server import running
from tests.runtime.drafting.conftest import demo_hits, url_of
from tests.runtime.drafting.stand_in import SPLIT, LyingModel, Spoken, plain

pytestmark = pytest.mark.row("7.7")


def drafts(model: LyingModel) -> list[tuple[Draft, Spoken, str]]:
    """Return every demo section's draft, what the model had said, and the extractive draft."""
    found = []
    with running(model.answer) as server:
        drafting = Drafting(llm=lambda: ChatCompletions(f"{server.url}/v1", "liar", "sk-secret"))
        for hit in demo_hits():
            question = hit.heading_path[-1] if hit.heading_path else hit.title
            draft = drafting(question, [hit], url_of=url_of, deadline=time.monotonic() + 10)
            extractive = answer_reply([hit], url_of, question=question)
            found.append((draft, model.spoken[-1], extractive))
    return found


def sentences_said(reply: str) -> list[str]:
    """Return the sentences of a model's draft, without heading and source."""
    lines = [line for line in reply.splitlines() if line.strip()]
    if re.fullmatch(r"\*\*[^*]+\*\*", lines[0]):
        lines = lines[1:]
    assert lines[-1].startswith("Source: ")
    bare = (re.sub(r"^\s*(?:[-*]|\d+\.)\s+", "", line) for line in lines[:-1])
    return [part for line in bare for part in SPLIT.split(line) if part.strip()]


@pytest.mark.parametrize("manner", ["mixed", "added", "lies"])
def test_no_sentence_that_a_lying_model_made_up_is_in_a_draft(manner: str) -> None:
    by: Counter[str] = Counter()
    lies = 0
    for draft, spoken, extractive in drafts(LyingModel(manner=manner)):
        by[draft.by] += 1
        lies += len(spoken.false)
        if draft.by == EXTRACTIVE:
            assert draft.reply == extractive
            continue
        true = {plain(sentence) for text in spoken.true for sentence in SPLIT.split(text)}
        assert [one for one in sentences_said(draft.reply) if plain(one) not in true] == []
        assert "evil.example" not in draft.reply
    assert sum(by.values()) >= 200
    assert lies >= 200
    if manner == "lies":
        assert by == {EXTRACTIVE: sum(by.values())}
    else:
        assert by[LLM] >= 20  # or nothing has been shown


def test_an_honest_model_is_mostly_heard() -> None:
    found = drafts(LyingModel(manner="honest"))
    heard = [draft for draft, _, _ in found if draft.by == LLM]
    assert len(heard) / len(found) >= 0.75
