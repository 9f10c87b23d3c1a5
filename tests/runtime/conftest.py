"""The agent with a made-up classifier and knowledge base; rules, words and storage are the real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.actors import Actor
from core.api_keys import api_key_create
from core.models import ApiKey
from escalation.contracts import Sign
from escalation.engine import decide
from escalation.language import handoff_message
from escalation.money import amounts_find
from escalation.selectors import live_rule_set
from escalation.sensing import Sensed
from escalation.services import defaults_install
from escalation.teams.selectors import team_assigned
from integrations.systems import OPERATIONS
from intents.contracts import Classification, IntentProfile, IntentScore, NearestExample
from kb.contracts import Audience, ExclusionHit, SearchHit, SearchResult
from runtime import api, selectors
from runtime.actions.services import action_run
from runtime.flows.runs import active_flow
from runtime.models import Action, Connection
from runtime.services import turn_take
from runtime.turn_state import Engines
from runtime.waiting.estimates import wait_seconds_estimate

SYSTEM = Actor.system("test")

GOOD = Classification(
    intent="data_export",
    confidence=0.93,
    is_fallback=False,
    threshold=0.5,
    margin=0.8,
    alternatives=(IntentScore("billing_inquiry", 0.04),),
    nearest_examples=(NearestExample(5, "export my data", 0.91),),
    release=3,
    model_version=5,
)
AMBIGUOUS = replace(GOOD, confidence=0.52, margin=0.05, alternatives=(IntentScore("billing_inquiry", 0.47),))
UNSURE = replace(GOOD, confidence=0.2, is_fallback=True, margin=0.15)
PROFILES = {
    slug: IntentProfile(slug, label, "", resolution)
    for slug, label, resolution in (
        ("data_export", "Data export", "ai_resolvable"),
        ("billing_inquiry", "Billing inquiry", "ai_resolvable"),
        ("legal_threat", "Legal threat", "human_only"),
    )
}
HIT = SearchHit(
    article_id=12,
    revision_id=31,
    title="How do I export my workspace?",
    heading_path=("Steps",),
    anchor="steps",
    quote="1. Open **Settings**.\n2. Choose **Export**.",
    score=0.7,
    url="https://help.example.com/export",
)
EXCLUSION = ExclusionHit(12, "How do I export my workspace?", "Exports of single items.", 0.6)
FOUND = SearchResult((HIT,), None, 12)


def sense(text: str) -> Sensed:
    """Hear anger where the words say "furious"."""
    if "senseless" in text:
        raise RuntimeError("the detector is gone")
    score = 0.97 if "furious" in text else 0.02
    return Sensed((Sign("anger", score, "furious" if score > 0.5 else text),), amounts_find(text))


def classify(text: str) -> Classification:
    """Take the customer's words for stage directions."""
    if "explode" in text:
        raise RuntimeError("the model is gone")
    if "ambiguous" in text:
        return AMBIGUOUS
    if "unsure" in text:
        return UNSURE
    if "restricted matter" in text:
        return replace(GOOD, intent="legal_threat")
    if "unknown intent" in text:
        return replace(GOOD, intent="archived")
    return GOOD


def search(query: str, *, audience: Audience, page: str = "", limit: int = 5, hint: str = "") -> SearchResult:
    """Find the one article, except where the words say otherwise."""
    if "index broken" in query:
        raise OSError("no index")
    if "excluded" in query:
        return SearchResult((HIT,), EXCLUSION, 12)
    if "nonsense" in query:
        return SearchResult((replace(HIT, score=0.2),), None, 12)
    if "nothing" in query:
        return SearchResult((), None, 12)
    return FOUND


ENGINES = Engines(
    rule_set=live_rule_set,
    sense=sense,
    classify=classify,
    intent_profile=PROFILES.get,
    search=search,
    decide=decide,
    assign_team=team_assigned,
    wait_seconds=wait_seconds_estimate,
    handoff_message=handoff_message,
    article_url=lambda slug: f"https://help.example.com/{slug}",
    active_flow=active_flow,
    run_action=action_run,
)


@pytest.fixture
def rules(db: None) -> None:
    defaults_install(actor=SYSTEM)


@dataclass(frozen=True)
class Bot:
    """A client with its key."""

    http: APIClient
    key: ApiKey

    def turn(self, text: str, conversation_id: str | None = None, **more: Any) -> dict[str, Any]:
        """Take a turn that must succeed."""
        response = self.post("/api/v1/turns", {"text": text, "conversation_id": conversation_id, **more})
        assert response.status_code == 200, response.content
        return response.json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST JSON."""
        return self.http.post(path, body if body is not None else {}, format="json", headers=headers)

    def get(self, path: str, **query: Any) -> Any:
        """GET."""
        return self.http.get(path, query)


@pytest.fixture
def make_bot(rules: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bot]:
    """Make a bot with the given scopes whose turns use the made-up engines."""
    monkeypatch.setattr(api, "turn_take", partial(turn_take, engines=ENGINES))
    monkeypatch.setattr(selectors, "EVENTS_SETTLE_SECONDS", 0)

    def make(name: str = "bot", *scopes: str) -> Bot:
        key, clear = api_key_create(actor=SYSTEM, name=name, scopes=scopes or ("runtime", "feedback"))
        http = APIClient()
        http.credentials(HTTP_AUTHORIZATION=f"Api-Key {clear}")
        return Bot(http, key)

    return make


@pytest.fixture
def bot(make_bot: Callable[..., Bot]) -> Bot:
    return make_bot()


@pytest.fixture
def actions_set_up(db: None) -> None:
    """Set up the actions that the tests' flows name; nobody listens at their connections."""
    operations = ("stripe_find_invoice", "linear_create_issue", "slack_post_message")
    for operation in operations:
        system = operation.partition("_")[0]
        connection = Connection.objects.create(name=system, system=system, settings={"team_id": "t"})
        known = OPERATIONS[operation]
        action = Action.objects.create(
            slug=operation, label=known.label, operation=operation, effect=known.effect, connection=connection
        )
        for one in known.parameters:
            action.parameters.create(name=one.name, required=one.required, max_length=one.max_length)
