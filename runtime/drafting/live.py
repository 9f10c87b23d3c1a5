"""How turns draft their answers outside of tests: the stored voice, and the language model that is set."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from integrations.llm import ChatCompletions, Llm
from runtime.drafting.answering import Drafting
from runtime.drafting.voice_row import draft_voice


def language_model() -> Llm | None:
    """Return the model that the environment names, or None; one per process, with its breaker."""
    if not (settings.LLM_BASE_URL and settings.LLM_MODEL):
        return None
    return _client(settings.LLM_BASE_URL, settings.LLM_MODEL, settings.LLM_API_KEY)


@lru_cache(maxsize=4)
def _client(base_url: str, model: str, key: str) -> ChatCompletions:
    return ChatCompletions(base_url, model, key)


draft_answer = Drafting(voice=draft_voice, llm=language_model)
section_answer = Drafting(voice=draft_voice)  # the same without a language model: for replays, which repeat
