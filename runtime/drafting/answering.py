"""An answer drafted by a language model from the cited section, or else by the section's own words.

The decision, the section and everything else of the turn stand before the model is asked. Whatever it does
wrong, says wrong or does not do in time ends in the extractive draft, with the reason in the trace.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from integrations.llm import Llm, LlmFailed
from kb.contracts import SearchHit
from nlp.redaction import redact
from runtime.drafting.contracts import LLM, Draft, Voice
from runtime.drafting.evidence import blocks_of
from runtime.drafting.grounding import Grounded, answering_place, grounded
from runtime.drafting.prompting import messages_of
from runtime.drafting.voice import PLAIN_VOICE, answer_reply, framed
from runtime.replies import linked

MAX_TOKENS = 500
NOT_SET, NOTHING_LEFT, NO_ANSWER = "llm_not_set", "nothing_supported", "answer_not_supported"
WHYS = {
    NOT_SET: "no language model is set",
    NOTHING_LEFT: "no sentence of the language model is said by the section",
    NO_ANSWER: "the sentence that answers is not among those that are supported",
}


@dataclass(frozen=True, slots=True)
class Drafting:
    """How answers are worded: a voice, and a language model where there is one."""

    voice: Callable[[], Voice] = lambda: PLAIN_VOICE
    llm: Callable[[], Llm | None] = lambda: None

    def __call__(
        self, question: str, hits: Sequence[SearchHit], *, url_of: Callable[[str], str], deadline: float
    ) -> Draft:
        """Return the draft; see runtime.drafting.contracts.DraftAnswer."""
        voice, llm = self.voice(), self.llm()
        extractive = Draft(answer_reply(hits, url_of, question=question, voice=voice), why=NOT_SET)
        if llm is None:
            return extractive
        started = time.monotonic()
        try:
            kept, answering = self._asked(llm, question, hits, url_of, deadline)
        except LlmFailed as failure:
            return replace(extractive, why=f"llm_{failure.reason}", llm_ms=_ms_since(started))
        why = _unusable(kept, answering)
        if why:
            return replace(extractive, why=why, dropped=kept.dropped, llm_ms=_ms_since(started))
        reply = framed(hits, kept.text, voice, has_steps=kept.has_steps)
        return Draft(reply, LLM, "", kept.dropped, _ms_since(started))

    def _asked(
        self,
        llm: Llm,
        question: str,
        hits: Sequence[SearchHit],
        url_of: Callable[[str], str],
        deadline: float,
    ) -> tuple[Grounded, int | None]:
        """Return what the section supports of the model's words, and the sentence that answers."""
        section = linked(hits[0].quote, url_of)
        heading = " › ".join((hits[0].title, *hits[0].heading_path))
        mark = f"#{secrets.token_hex(6)}#"
        messages = messages_of(redact(question).text, heading, section, mark=mark)
        blocks = blocks_of(section)
        text = llm.complete(messages, max_tokens=MAX_TOKENS, deadline=deadline)
        return grounded(text, blocks), answering_place(question, blocks)


def _unusable(kept: Grounded, answering: int | None) -> str:
    """Return why the model's words are not used, or nothing."""
    if not kept.places:
        return NOTHING_LEFT
    return "" if answering is None or answering in kept.places else NO_ANSWER


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
