"""At most 15 active intents until 300 live interactions, whichever way an intent becomes active."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse

from core.actors import Actor
from core.errors import DomainError
from core.models import Activity, User
from intents import ports
from intents.models import Intent, IntentLimitOverride
from intents.readiness import training_readiness
from intents.services import intent_activate, intent_create, limit_state, starter_intents_load
from runtime.live_interactions import live_interactions
from runtime.models import Conversation, Turn
from supportadmin.roles import roles_sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def interactions() -> Iterator[Callable[[int], None]]:
    """Set how many live interactions there have been."""
    before = list(ports._sources)
    yield lambda count: ports.offer_live_interactions(lambda at_most: min(count, at_most))
    ports._sources[:] = before


@pytest.fixture
def fifteen(make_intent: Callable[..., Intent]) -> list[Intent]:
    """Make fifteen active intents."""
    return [make_intent(f"intent_{number}") for number in range(15)]


def refusal_of(act: Callable[[], object]) -> str:
    before = (Intent.objects.active().count(), Intent.objects.count(), Activity.objects.count())
    with pytest.raises(DomainError) as refusal:
        act()
    after = (Intent.objects.active().count(), Intent.objects.count(), Activity.objects.count())
    assert after == before
    assert IntentLimitOverride.objects.count() == 0
    return str(refusal.value.code)


@pytest.mark.row("3.7")
@pytest.mark.parametrize(("seen", "allowed"), [(0, False), (299, False), (300, True), (301, True)])
def test_the_sixteenth_active_intent_waits_for_300_live_interactions(
    seen: int,
    allowed: bool,
    interactions: Callable[[int], None],
    make_intent: Callable[..., Intent],
    actor: Actor,
) -> None:
    interactions(seen)
    for number in range(15):
        make_intent(f"intent_{number}")  # the fifteenth is still fine
    sixteenth = make_intent("sixteenth", state="draft")
    if allowed:
        intent_activate(actor=actor, intent=sixteenth)
        assert Intent.objects.active().count() == 16
    else:
        assert refusal_of(lambda: intent_activate(actor=actor, intent=sixteenth)) == "too_many_intents"


@pytest.mark.row("3.7")
def test_creating_restoring_and_loading_starters_keep_to_the_limit_too(
    fifteen: list[Intent], make_intent: Callable[..., Intent], actor: Actor
) -> None:
    archived = make_intent("old", state="archived")
    create = lambda: intent_create(actor=actor, slug="new", label="New", state="active")  # noqa: E731
    assert refusal_of(create) == "too_many_intents"
    assert refusal_of(lambda: intent_activate(actor=actor, intent=archived)) == "too_many_intents"
    assert refusal_of(lambda: starter_intents_load(actor=actor)) == "too_many_intents"
    Intent.objects.filter(pk__in=[intent.pk for intent in fifteen[:6]]).update(state="archived")
    assert len(starter_intents_load(actor=actor)) == 6
    assert starter_intents_load(actor=actor) == []


@pytest.mark.row("3.7")
def test_a_lead_goes_beyond_with_a_written_reason_which_is_kept(
    fifteen: list[Intent],
    make_intent: Callable[..., Intent],
    make_user: Callable[..., User],
    sign_in: Callable[[User], Client],
) -> None:
    roles_sync()
    intent, user = make_intent("sixteenth", state="draft"), make_user("lee", roles=("Support lead",))
    address = reverse("admin:intents_intent_transition", args=(intent.pk, "activate"))
    client = sign_in(user)
    assert "15 intents are active, and there have been 0 of 300" in client.get(address).content.decode()
    refused = client.post(address, {"override_reason": " ", "_seen": ""})
    assert (refused.status_code, IntentLimitOverride.objects.count()) == (409, 0)
    assert (
        client.post(address, {"override_reason": "A new plan starts today.", "_seen": ""}).status_code == 302
    )
    kept = IntentLimitOverride.objects.get()
    assert (kept.intent, kept.reason, kept.active_intents) == (intent, "A new plan starts today.", 15)
    assert (kept.live_interactions, kept.made_by) == (0, user)
    line = Activity.objects.get(verb="intent.limit_overridden")
    assert line.after == {"reason": kept.reason, "active_intents": 15, "live_interactions": 0}


@pytest.mark.row("3.7")
def test_who_may_not_override_is_refused_with_a_reason_given(
    fifteen: list[Intent], make_intent: Callable[..., Intent], make_user: Callable[..., User]
) -> None:
    someone = Actor.of_user(make_user("kim", "intents.change_intent"))
    draft = make_intent("sixteenth", state="draft")
    act = lambda: intent_activate(actor=someone, intent=draft, override_reason="Please.")  # noqa: E731
    assert refusal_of(act) == "not_allowed"


@pytest.mark.row("3.7")
def test_below_the_limit_a_reason_is_not_asked_for_and_not_kept(
    make_intent: Callable[..., Intent], actor: Actor
) -> None:
    intent_activate(actor=actor, intent=make_intent("one", state="draft"), override_reason="Just in case.")
    assert (IntentLimitOverride.objects.count(), limit_state().is_reached) == (0, False)


@pytest.mark.row("3.7")
def test_live_interactions_are_customers_conversations_with_a_delivered_live_turn() -> None:
    def talk(channel: str, *, mode: str = "live", delivered: bool = True, turns: int = 1) -> None:
        conversation = Conversation.objects.create(channel=channel)
        for number in range(turns):
            Turn.objects.create(
                conversation=conversation,
                number=number,
                text="x",
                decision="answer",
                reason="answered",
                mode=mode,
                delivered=delivered,
                reply="y",
            )

    talk("website", turns=3)
    talk("email")
    talk("website", mode="shadow", delivered=False)
    talk("website", delivered=False)
    talk("demo-chat")
    talk("website", turns=0)
    assert (live_interactions(300), live_interactions(1)) == (2, 1)
    assert ports.live_interactions(at_most=300) == 2  # the runtime offers it when it starts


@pytest.mark.row("3.3")
@pytest.mark.parametrize(
    ("real", "seen", "codes"),
    [
        (12, 0, []),
        (13, 0, ["many_before_the_pilot"]),
        (13, 300, []),
        (201, 300, ["very_many_examples"]),
        (201, 299, ["very_many_examples", "many_before_the_pilot"]),
    ],
)
def test_more_than_twelve_are_allowed_with_a_note_before_the_pilot(
    real: int,
    seen: int,
    codes: list[str],
    interactions: Callable[[int], None],
    make_intent: Callable[..., Intent],
) -> None:
    interactions(seen)
    make_intent("billing", real=real)
    make_intent("bug_report", real=8)
    readiness = training_readiness()
    assert readiness.blockers == ()
    assert [finding.code for finding in readiness.warnings] == codes
