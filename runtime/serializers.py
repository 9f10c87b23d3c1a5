"""What the runtime endpoints take and give, and the examples in their documents."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from runtime.actions.contracts import DRY_RUN, FAILED, SUCCEEDED, UNKNOWN
from runtime.contracts import MAX_TEXT_CHARACTERS, Customer, TurnRequest
from runtime.models import REASONS, Conversation, Feedback, Handoff, HandoffMessage, Turn
from runtime.selectors import past_messages, transcript_of


class CustomerSerializer(serializers.Serializer[Any]):
    """Who is served; the facets count only for a key with the scope ``identity``."""

    external_id = serializers.CharField(max_length=128, allow_blank=True, default="")
    user_type = serializers.CharField(max_length=64, allow_blank=True, default="")
    tier = serializers.CharField(max_length=64, allow_blank=True, default="")
    locale = serializers.RegexField(
        r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}$",
        max_length=35,
        allow_blank=True,
        default="",
        help_text="BCP 47, such as de or pt-BR: the language of handoff messages, from any key.",
    )


class TurnRequestSerializer(serializers.Serializer[Any]):
    """One message of a customer."""

    conversation_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Left out: a new conversation begins."
    )
    text = serializers.CharField(max_length=MAX_TEXT_CHARACTERS)
    channel = serializers.RegexField(r"^[\w.:-]+$", max_length=32, default="api")
    customer = CustomerSerializer(required=False)
    page = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="Where in the product the customer is."
    )

    def as_request(self, *, may_identify: bool, retry_key: str = "") -> TurnRequest:
        """Return the validated request; without the scope ``identity`` nobody is taken at their word."""
        data = self.validated_data
        said = data.get("customer") or {}
        customer = Customer(external_id=said.get("external_id", ""), locale=said.get("locale", ""))
        if may_identify:
            customer = Customer(**said, verified=True)
        return TurnRequest(
            text=data["text"],
            conversation_id=data.get("conversation_id"),
            channel=data["channel"],
            customer=customer,
            page=data["page"],
            retry_key=retry_key,
        )


class CitationSerializer(serializers.Serializer[Any]):
    article_id = serializers.IntegerField()
    revision_id = serializers.IntegerField()
    title = serializers.CharField()
    heading_path = serializers.ListField(child=serializers.CharField())
    anchor = serializers.CharField(allow_blank=True)
    quote = serializers.CharField(help_text="Occurs verbatim in the revision's Markdown.")
    url = serializers.CharField(allow_blank=True)
    score = serializers.FloatField(min_value=0, max_value=1)


class OptionSerializer(serializers.Serializer[Any]):
    intent = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # also a name of DRF's


class TurnExclusionSerializer(serializers.Serializer[Any]):
    article_id = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField()
    score = serializers.FloatField()


class FlowSerializer(serializers.Serializer[Any]):
    step = serializers.CharField(
        allow_null=True, help_text="The step that waits for the customer's answer; null: none does."
    )
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="What may still be asked for; one message may answer it all."
    )


class ActionTakenSerializer(serializers.Serializer[Any]):
    action = serializers.CharField()
    state = serializers.ChoiceField(choices=[SUCCEEDED, FAILED, UNKNOWN, DRY_RUN])
    message = serializers.CharField(allow_blank=True)
    data = serializers.DictField(child=serializers.CharField(allow_blank=True))  # type: ignore[assignment]


class RuleSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["hard", "soft"])
    trigger = serializers.CharField()
    rule_id = serializers.IntegerField(
        allow_null=True, help_text="Null where no rule covers the case and the agent plays safe by itself."
    )
    rule_version = serializers.IntegerField(allow_null=True)
    matched_text = serializers.CharField(allow_blank=True, help_text="The evidence in the customer's words.")


class EscalationSerializer(RuleSerializer):
    wait_estimate_seconds = serializers.IntegerField(
        allow_null=True, help_text="80th percentile of this hour's waits in the last 14 days; null: unknown."
    )


class VersionsSerializer(serializers.Serializer[Any]):
    release = serializers.IntegerField(allow_null=True)
    model_version = serializers.IntegerField(allow_null=True)
    index = serializers.IntegerField(allow_null=True)
    rule_set = serializers.IntegerField(allow_null=True)


class SecondWishSerializer(serializers.Serializer[Any]):
    """The part of a message with two wishes that does not lead the turn, and what it got."""

    text = serializers.CharField()
    intent = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # also a name of DRF's
    decision = serializers.ChoiceField(choices=Turn.Decision.choices)


class TurnResultSerializer(serializers.Serializer[Any]):
    """What the agent does with the message."""

    conversation_id = serializers.UUIDField()
    turn_id = serializers.IntegerField()
    decision = serializers.ChoiceField(choices=Turn.Decision.choices)
    reason = serializers.CharField()
    mode = serializers.ChoiceField(choices=Turn.Mode.choices)
    delivered = serializers.BooleanField()
    reply = serializers.CharField(help_text="Markdown.")
    intent = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    is_fallback = serializers.BooleanField(allow_null=True)
    also = SecondWishSerializer(allow_null=True)
    citations = CitationSerializer(many=True)
    options = OptionSerializer(many=True)
    out_of_scope = TurnExclusionSerializer(allow_null=True)
    flow = FlowSerializer()
    actions = ActionTakenSerializer(many=True)
    escalation = EscalationSerializer(allow_null=True)
    handoff_id = serializers.IntegerField(allow_null=True)
    versions = VersionsSerializer()
    timings_ms = serializers.DictField(child=serializers.FloatField())


class TranscriptLineSerializer(serializers.Serializer[Any]):
    turn = serializers.IntegerField(help_text="For what people wrote: the turn that led to the handoff.")
    role = serializers.ChoiceField(choices=["customer", "agent", "human"])
    text = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField(required=False, help_text="Which person; only where role is human.")


class ConversationTurnSerializer(serializers.ModelSerializer[Turn]):
    turn_id = serializers.IntegerField(source="pk", read_only=True)

    class Meta:
        model = Turn
        fields = ["turn_id", "number", "decision", "reason", "mode", "delivered", "pilot_id"]
        fields += ["intent", "confidence", "created_at"]


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    """A conversation with all of its turns (at most 200)."""

    customer = serializers.SerializerMethodField()
    transcript = serializers.SerializerMethodField()
    turns = ConversationTurnSerializer(many=True, source="turns_in_order")

    class Meta:
        model = Conversation
        fields = ["id", "channel", "state", "customer", "turn_count", "created_at", "updated_at"]
        fields += ["transcript", "turns"]

    def get_customer(self, conversation: Conversation) -> dict[str, Any]:
        """Return who is served, as far as somebody entitled has said so."""
        return {
            "external_id": conversation.customer_external_id,
            "user_type": conversation.user_type,
            "tier": conversation.tier,
            "verified": conversation.customer_verified,
            "locale": conversation.locale,
        }

    def get_transcript(self, conversation: Conversation) -> list[dict[str, Any]]:
        """Return what was said, first to last."""
        turns = conversation.turns_in_order  # type: ignore[attr-defined]  # set by Prefetch
        return transcript_of(turns, past_messages(conversation))


class HandoffSerializer(serializers.ModelSerializer[Handoff]):
    """A handoff without its packet."""

    conversation_id = serializers.UUIDField(read_only=True)
    turn_id = serializers.IntegerField(read_only=True)
    reason = serializers.ChoiceField(choices=REASONS)
    team_id = serializers.IntegerField(read_only=True, allow_null=True)
    team = serializers.CharField(
        source="team.name", read_only=True, default=None, allow_null=True, help_text="The team's name."
    )
    outcome = serializers.ChoiceField(choices=Handoff.Outcome.choices, allow_null=True, read_only=True)

    class Meta:
        model = Handoff
        fields = ["id", "conversation_id", "turn_id", "state", "reason", "team_id", "team", "off_hours"]
        fields += ["complete", "requested_at"]
        fields += ["queued_at", "accepted_at", "accepted_by", "finished_at", "finished_by", "outcome", "note"]
        read_only_fields = fields

    def to_representation(self, instance: Handoff) -> dict[str, Any]:
        found = super().to_representation(instance)
        return {**found, "outcome": found["outcome"] or None}


class HandoffMessageSerializer(serializers.ModelSerializer[HandoffMessage]):
    """What a person or the customer wrote while the agent was silent."""

    handoff_id = serializers.IntegerField(read_only=True)

    class Meta:
        model = HandoffMessage
        fields = ["id", "handoff_id", "sender", "text", "sent_by", "sent_at"]
        read_only_fields = fields


class MessageRequestSerializer(serializers.Serializer[Any]):
    """What the customer writes to the person who has the conversation, or will."""

    text = serializers.CharField(max_length=MAX_TEXT_CHARACTERS)


class MessagesQuerySerializer(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, default=0, help_text="The `next_after` of your last answer."
    )


class ConversationNewsSerializer(serializers.Serializer[Any]):
    """Who has the conversation now, and what was written since."""

    state = serializers.ChoiceField(choices=Conversation.State.choices)
    handoff_id = serializers.IntegerField(allow_null=True, help_text="The newest handoff.")
    handoff_state = serializers.ChoiceField(choices=Handoff.State.choices, allow_null=True)
    agent = serializers.CharField(allow_null=True, help_text="The person who has it, or had it last.")
    messages = HandoffMessageSerializer(many=True)
    next_after = serializers.IntegerField()


class PacketIntentSerializer(serializers.Serializer[Any]):
    intent = serializers.CharField(allow_null=True)
    unavailable = serializers.CharField(required=False, help_text="Why no intent is known.")
    label = serializers.CharField(required=False)  # type: ignore[assignment]  # also a name of DRF's
    confidence = serializers.FloatField(required=False)
    threshold = serializers.FloatField(required=False)
    is_fallback = serializers.BooleanField(required=False)
    chosen_by_customer = serializers.BooleanField(required=False)
    also = SecondWishSerializer(required=False)


class AlternativeSerializer(serializers.Serializer[Any]):
    intent = serializers.CharField()
    confidence = serializers.FloatField()


class AttemptedStepSerializer(serializers.Serializer[Any]):
    turn = serializers.IntegerField()
    at = serializers.DateTimeField()
    step = serializers.CharField()
    outcome = serializers.CharField()
    detail = serializers.CharField(required=False)


class PulledDataSerializer(serializers.Serializer[Any]):
    source = serializers.CharField()  # type: ignore[assignment]  # also a name of DRF's
    at = serializers.DateTimeField()
    data = serializers.DictField()  # type: ignore[assignment]  # also a name of DRF's


class PacketCustomerSerializer(CustomerSerializer):
    verified = serializers.BooleanField()
    channel = serializers.CharField()
    page = serializers.CharField()


class AssignedTeamSerializer(serializers.Serializer[Any]):
    """The team as it was when the handoff was requested."""

    id = serializers.IntegerField(allow_null=True, help_text="Null: there was no team.")
    name = serializers.CharField(allow_blank=True)
    available = serializers.BooleanField(help_text="False: outside of its hours, or without a member.")
    opens_at = serializers.DateTimeField(
        allow_null=True, help_text="Off hours: the next opening, if in sight."
    )


class HandoffPacketSerializer(HandoffSerializer):
    """A handoff with everything that the person needs to know."""

    transcript = TranscriptLineSerializer(many=True, source="packet.transcript")
    intent = PacketIntentSerializer(source="packet.intent")
    alternatives = AlternativeSerializer(many=True, source="packet.alternatives")
    attempted_steps = AttemptedStepSerializer(many=True, source="packet.attempted_steps")
    data_pulled = PulledDataSerializer(many=True, source="packet.data_pulled")
    rule = RuleSerializer(source="packet.rule")
    customer = PacketCustomerSerializer(source="packet.customer")
    assigned_team = AssignedTeamSerializer(source="packet.assigned_team", required=False)
    missing = serializers.ListField(child=serializers.CharField(), source="packet.missing")
    suggested_reply = serializers.CharField(
        source="packet.suggested_reply", help_text="A draft for the person; never sent by itself."
    )
    messages = HandoffMessageSerializer(many=True)

    class Meta(HandoffSerializer.Meta):
        fields = [*HandoffSerializer.Meta.fields, "transcript", "intent", "alternatives"]
        fields += ["attempted_steps", "data_pulled", "rule", "customer", "assigned_team", "missing"]
        fields += ["suggested_reply", "messages"]
        read_only_fields = fields

    def to_representation(self, handoff: Handoff) -> dict[str, Any]:
        """Give the packet as it was stored: it is evidence, not something to compute anew."""
        messages = HandoffMessageSerializer(handoff.messages.order_by("pk"), many=True).data
        return {
            "suggested_reply": "",
            **HandoffSerializer(handoff).data,
            **handoff.packet,
            "messages": messages,
        }


class AcceptSerializer(serializers.Serializer[Any]):
    agent = serializers.CharField(
        max_length=150, required=False, default="", allow_blank=True, help_text="Who takes it, by name."
    )


class ReturnSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class FinishSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(
        choices=Handoff.Outcome.choices, required=False, default="", allow_blank=True
    )
    note = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class FeedbackRequestSerializer(serializers.Serializer[Any]):
    """News about one turn; at least one of rating, csat, reopened and comment."""

    turn_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    rating = serializers.ChoiceField(choices=Feedback.Rating.choices, required=False)
    csat = serializers.IntegerField(min_value=1, max_value=5, required=False)
    reopened = serializers.BooleanField(required=False, allow_null=True, default=None)
    comment = serializers.CharField(max_length=2000, required=False)


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    """All that is known of the turn now."""

    turn_id = serializers.IntegerField(read_only=True)
    rating = serializers.ChoiceField(choices=Feedback.Rating.choices, allow_null=True, read_only=True)

    class Meta:
        model = Feedback
        fields = ["turn_id", "rating", "csat", "reopened", "comment"]
        read_only_fields = fields

    def to_representation(self, instance: Feedback) -> dict[str, Any]:
        found = super().to_representation(instance)
        return {**found, "rating": found["rating"] or None}


class EventSerializer(serializers.Serializer[Any]):
    """One decision: ``facts`` and the rule set named in ``versions`` give it again."""

    id = serializers.IntegerField()
    type = serializers.ChoiceField(choices=["turn.decided"])
    at = serializers.DateTimeField()
    conversation_id = serializers.UUIDField()
    number = serializers.IntegerField()
    channel = serializers.CharField()
    customer_external_id = serializers.CharField(allow_blank=True)
    text = serializers.CharField()
    page = serializers.CharField(allow_blank=True)
    mode = serializers.ChoiceField(choices=Turn.Mode.choices)
    delivered = serializers.BooleanField(help_text="Whether the customer got the reply at once.")
    pilot_id = serializers.IntegerField(allow_null=True, help_text="The pilot that has taken the turn.")
    ticket_id = serializers.IntegerField(
        allow_null=True, help_text="The closed ticket that was replayed: no customer was served."
    )
    decision = serializers.ChoiceField(choices=Turn.Decision.choices)
    reason = serializers.CharField()
    reply = serializers.CharField()
    rule = RuleSerializer(allow_null=True)
    options = OptionSerializer(many=True)
    alternatives = AlternativeSerializer(many=True)
    citations = CitationSerializer(many=True)
    exclusion = TurnExclusionSerializer(allow_null=True)
    facts = serializers.DictField()
    versions = VersionsSerializer()
    total_ms = serializers.FloatField()


class EventsQuerySerializer(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, default=0, help_text="The id of the last event that you have."
    )
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)
