"""A workspace in which every text that is shown somewhere is hostile: row n of each table holds payload n."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.utils import timezone

from core.actors import Actor
from core.models import Activity, User
from escalation.backtest.candidate import Change
from escalation.backtest.figures import Assumptions, Tally, figures_of
from escalation.backtest.replaying import Settings
from escalation.models import (
    AngerCalibration,
    BacktestFlip,
    BacktestRun,
    HandoffRoute,
    HandoffTemplate,
    HoursException,
    Rule,
    RuleSetVersion,
    RuleVersion,
    Team,
)
from escalation.services import defaults_install
from escalation.versions import fields_of, live_versions
from intents.models import (
    DatasetSnapshot,
    Example,
    HealthReport,
    IgnoredFinding,
    Intent,
    IntentLimitOverride,
    IntentMerge,
    ModelVersion,
    OutOfScopeCategory,
    PhrasingImport,
    Release,
    TaggingDecision,
    TaggingItem,
)
from kb.linting import lint_keep
from kb.models import (
    Article,
    ArticleQuestion,
    AudienceValue,
    DraftSource,
    Gap,
    GapChange,
    GapSignal,
    Label,
    LineComment,
    ProductPage,
    QuestionRun,
    Revision,
    UnsavedDraft,
    VoiceGuide,
    VoiceTerm,
)
from runtime.contracts import Customer, TurnRequest
from runtime.flows.definition import flow_hash
from runtime.models import (
    Action,
    ActionLedger,
    ActionParameter,
    AngerLabel,
    Connection,
    Conversation,
    DraftVoice,
    Feedback,
    FlowRun,
    FlowVersion,
    Handoff,
    HandoffDelivery,
    HandoffDestination,
    HandoffMessage,
    HumanReply,
    InboundEvent,
    InboundSource,
    InboundThread,
    RepeatCheck,
    RepeatField,
    ResolutionFlow,
    SampledTurn,
    TicketFacts,
    Turn,
    Verdict,
    VerdictDraw,
    VerdictPolicy,
    VerdictStratum,
)
from runtime.services import turn_take
from tests.runtime.conftest import ENGINES, FOUND, GOOD, HIT
from tests.supportadmin.poison_pilots import pilots_poison
from tests.supportadmin.poison_rows import COUNT, many
from tests.xss import PAYLOADS, STEP, fitting
from tickets.models import (
    Category,
    CategoryChange,
    Classification,
    Cluster,
    Clustering,
    GlossaryTerm,
    ImportBatch,
    ImportRejection,
    RawText,
    Ticket,
    TicketText,
)

SYSTEM = Actor.system("tests")
TURNS = 4
LIVE = 60


APPS = ("tickets", "kb", "intents", "escalation", "runtime", "pilot")
EDITOR = "/admin/kb/article/"
People = tuple[User, User]


def _deliveries(handoff: Handoff, connection: Connection) -> None:
    now = timezone.now()
    destinations = many(
        HandoffDestination,
        *("name", "disabled_because", "test_result"),
        kind="slack",
        connection=connection,
        enabled=lambda n: n % 2 == 0,
        settings=lambda n: {"channel": fitting(n, 200)},
    )
    many(
        HandoffDelivery,
        *("message", "error_code", "external_id"),
        handoff=handoff,
        destination=lambda n: destinations[n],
        event="queued",
        state="failed",
        external_url=lambda n: f"javascript:{fitting(n, 200)}",
        created_at=now,
        tried_since=now,
    )


def lists() -> Iterator[str]:
    for model in admin.site._registry:
        if model._meta.app_label in (*APPS, "core"):
            yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def poison(owner: User, reviewer: User) -> None:
    """Fill the workspace."""
    now = timezone.now()
    _knowledge_base(owner, reviewer)
    _tickets(owner)
    _intents(owner)
    _actions()
    defaults_install(actor=SYSTEM)
    rules = many(
        Rule,
        "name",
        kind="soft",
        trigger="human_request",
        parameters=lambda n: {"extra_phrases": [fitting(n, 100)]},
        conditions=lambda n: {
            name: [fitting(n, 30)] for name in ("intents", "tiers", "user_types", "channels", "pages")
        },
        version=2,
        live_version=lambda n: 1 if n < 20 else None,
    )
    RuleVersion.objects.bulk_create(
        RuleVersion(
            rule=rule,
            version=version,
            fields=fields_of(rule) | {"name": f"{rule.name} {version}"},
            note=fitting(n, 200),
            changed_by=fitting(n, 150),
        )
        for n, rule in enumerate(rules)
        for version in (1, 2)
    )
    before = RuleSetVersion.objects.order_by("-number").values_list("number", "rules")[0]
    RuleSetVersion.objects.create(number=before[0] + 1, rules=live_versions(), changed_by="x")
    RuleSetVersion.objects.create(number=before[0] + 2, rules=before[1], changed_by="x")
    bodies = ("body", "body_without_wait", "body_off_hours")
    many(HandoffTemplate, *bodies, reason="", tier=lambda n: fitting(n, 64), locale=lambda n: f"x{n}")
    _teams(owner)
    _backtests(rules)
    many(
        Activity,
        "target_label",
        "verb",
        actor_kind="user",
        actor_label=lambda n: fitting(n, 150),
        target_type="kb.article",
        target_id="1",
        before=lambda n: {"a": fitting(n, None)},
        after={},
    )
    for number in range(TURNS):
        _turn(number * STEP)
    for number, turn in enumerate(Turn.objects.order_by("pk")):
        Feedback.objects.create(
            turn=turn, rating="down", comment=fitting(number * STEP, 2_000), given_by=fitting(number, 150)
        )
        AngerLabel.objects.create(
            turn=turn,
            is_angry=bool(number % 2),
            score=0.5,
            detector=fitting(number, 16),
            labelled_by=fitting(number, 150),
        )
    many(
        AngerCalibration,
        "fitted_by",
        number=lambda n: n + 1,
        detector=lambda n: fitting(n, 16),
        slope=1.0,
        intercept=0.0,
        angry=5,
        calm=25,
        log_loss_before=0.5,
        log_loss_after=0.4,
    )
    hostile = fitting(0, None)
    Turn.objects.update(created_at=now, intent=hostile[:100], matched_text=hostile, sent_text=hostile)
    Handoff.objects.update(matched_text=hostile, finished_by=hostile[:150], contact_email=hostile[:254])
    Handoff.objects.update(team=Team.objects.order_by("pk").first(), requested_hour=9)
    Conversation.objects.update(channel=hostile[:32], locale=hostile[:35])
    RuleSetVersion.objects.update(changed_by=hostile[:150])
    _flows()
    _deliveries(Handoff.objects.latest("pk"), Connection.objects.first())
    _inbound(Turn.objects.latest("pk"))
    _measures(owner)
    pilots_poison()  # last: while one runs no turn is the agent's


def _teams(owner: User) -> None:
    """Teams with special days and routes; the handoffs wait with one of them."""
    teams = many(Team, "name", time_zone="Europe/Berlin")
    for team in teams[::STEP]:
        team.members.add(owner)
    day = timezone.localdate()
    many(HoursException, "label", team=lambda n: teams[n], day=day)
    many(HandoffRoute, "reason", "intent", "tier", "locale", team=lambda n: teams[n])


def _backtests(rules: list[Rule]) -> None:
    """Runs of hostile rules, whose flips are hostile tickets."""
    tickets = list(Ticket.objects.order_by("pk")[:COUNT])
    row = {"version": 1, "kind": "soft", "trigger": "human_request", "clarify_first": 0, "priority": 1}
    sides = {side: {"fires": 1, "needed": 0, "known": 0} for side in ("before", "after")}
    figures = figures_of(Tally(), Assumptions(1)).as_json()

    def rows(n: int) -> list[dict[str, Any]]:
        return [{**row, "id": rules[n].pk, "name": fitting(n, 100), "parameters": {}}]

    runs = many(
        BacktestRun,
        "made_by",
        "live_digest",
        "digest",
        rule=lambda n: rules[n],
        rule_version=1,
        change_kind="enable",
        change=lambda n: asdict(Change("enable", rules[n].pk, 1, fitting(n, 60))),
        settings=asdict(Settings()),
        live_number=1,
        live_rows=[],
        candidate_rows=rows,
        cases=1,
        flips=1,
        seconds=1.0,
        content=lambda n: {
            "before": figures,
            "after": figures,
            "rules": [{"rule_id": None, "name": "", "reason": fitting(n, 30), **sides}],
            "flips": {fitting(n, 30): 1},
            "kinds": {"ticket": 1},
            "tickets": {"unread": 0, "outdated": 0, "left_out": 0},
        },
    )
    many(
        BacktestFlip,
        *("why", "before", "before_reason", "after", "after_reason"),
        run=lambda n: runs[n],
        number=1,
        case_kind="ticket",
        case_id=lambda n: tickets[n].pk,
        after_rule=lambda n: rules[n].pk,
    )
    many(TicketFacts, "text_sha256", "versions", ticket=lambda n: tickets[n], facts={})


def _measures(owner: User) -> None:
    """Verdicts on every turn, and a question asked again in every handoff."""
    now = timezone.now()
    hostile = fitting(0, None)
    VerdictPolicy.objects.create(pk=1, seed=fitting(0, 40))
    lines = {name: fitting(40 * n, 200) for n, name in enumerate(("opening", "opening_steps", "closing"))}
    DraftVoice.objects.create(pk=1, **lines)
    drawn = VerdictDraw.objects.create(
        window_start=now - timedelta(days=7), window_end=now, seed=fitting(40, 40), drawn_by=fitting(80, 150)
    )
    stratum = VerdictStratum.objects.create(
        draw=drawn, name=fitting(120, 60), escalated=True, population=9, drawn=9
    )
    for number, turn in enumerate(Turn.objects.order_by("pk")):
        sampled = SampledTurn.objects.create(turn=turn, stratum=stratum, position=number, missing=0)
        Verdict.objects.create(
            key=uuid.uuid4(),
            sampled=sampled,
            person=owner,
            person_name=fitting(number * STEP, 150),
            role="first",
            answer="over",
            reason=fitting(number * STEP, 20),
            note=fitting(number * STEP, 1_000),
            seconds=1,
        )
    for number, handoff in enumerate(Handoff.objects.order_by("pk")):
        words = fitting(number * STEP, 500)
        message = HandoffMessage.objects.create(
            handoff=handoff, sender="human", text=words, sent_by=hostile[:150]
        )
        check = RepeatCheck.objects.create(handoff=handoff, replies=1, detector=1)
        RepeatField.objects.create(
            check_row=check, field="email", asked=True, value=words[:300], sentence=words, message=message
        )


def _flows() -> None:
    """Flows that say, ask and branch by hostile words, and a run through one for each conversation."""
    flows = many(ResolutionFlow, "intent", "title", latest_number=1)
    versions = many(
        FlowVersion,
        "author",
        "note",
        flow=lambda n: flows[n],
        number=1,
        definition=_definition,
        sha256=lambda n: flow_hash(_definition(n)),
    )
    for number, conversation in enumerate(Conversation.objects.all()):
        words = fitting(number * STEP, None)
        FlowRun.objects.create(
            conversation=conversation,
            version=versions[number],
            number=1,
            key=f"{number}{words}"[:80],
            step=words[:40],
            reason=words[:300],
            position={"step": "ask", "slots": {words: words}, "asked": {}, "results": []},
            events=[{"turn": 1, "at": "", "step": words, "outcome": words, "detail": words}],
        )
    hostile = fitting(0, None)
    Turn.objects.update(
        flow={"step": hostile, "missing": [hostile], "title": hostile, "version": 1},
        actions=[{"action": hostile, "state": "failed", "message": hostile, "data": {hostile: hostile}}],
    )


def _inbound(turn: Turn) -> None:
    """Webhooks whose senders mean harm, as far as a signature keeps nobody from it."""
    now = timezone.now()
    sources = many(InboundSource, "name", "channel", system="zendesk", last_event_at=now)
    threads = many(
        InboundThread,
        "external_id",
        source=lambda n: sources[n],
        conversation=turn.conversation,
        ended_at=now,
    )
    many(
        InboundEvent,
        *("external_id", "name", "reason"),
        source=lambda n: sources[n],
        thread=lambda n: threads[n],
        kind="message",
        state="failed",
        content=lambda n: {"text": fitting(n, None)},
        occurred_at=now,
    )
    many(
        HumanReply,
        *("external_id", "text", "sent_by"),
        turn=turn,
        thread=lambda n: threads[n],
        sent_at=now,
    )


def _definition(number: int) -> dict[str, Any]:
    words = fitting(number, 200, True)
    return {
        "format": 1,
        "steps": [
            {
                "id": "ask",
                "kind": "collect",
                "slot": "x",
                "type": "choice",
                "choices": [words[:80], "y"],
                "question": words,
                "invalid": words,
            },
            {"id": "which", "kind": "branch", "on": words[:90], "cases": [{"values": [words]}]},
            {"id": "act", "kind": "act", "action": words[:60], "arguments": {words: words}},
            {"id": "end", "kind": "end", "outcome": "escalated", "reason": words},
        ],
    }


def _turn(number: int) -> None:
    text = fitting(number, 3_900)
    hit = replace(
        HIT, title=fitting(number, 200, True), quote=text, heading_path=(fitting(number, 100, True),)
    )
    engines = replace(
        ENGINES,
        classify=lambda _: replace(
            GOOD, nearest_examples=tuple(replace(one, text=text) for one in GOOD.nearest_examples)
        ),
        search=lambda *_, **__: replace(FOUND, hits=(hit,)),
    )
    for words in (text, f"I want to talk to a human. {text}"):
        result = turn_take(
            actor=SYSTEM,
            request=TurnRequest(
                text=words,
                customer=Customer(fitting(number, 128), fitting(number, 64), fitting(number, 64), True),
                page=f"/{fitting(number, 200, True)}",
            ),
            engines=engines,
        )
    Handoff.objects.filter(pk=result.handoff_id).update(
        note=fitting(number, 2_000), accepted_by=fitting(number, 150)
    )
    HandoffMessage.objects.bulk_create(
        HandoffMessage(handoff_id=result.handoff_id, sender=sender, text=text, sent_by=fitting(number, 150))
        for sender in ("human", "customer")
    )


def _knowledge_base(owner: User, reviewer: User) -> None:
    now = timezone.now()
    values = many(AudienceValue, "label", kind="tier", value=lambda n: f"v{n}")
    pages = many(ProductPage, "name", pattern=lambda n: f"/p{n}/" + "".join(fitting(n, 80, True).split()))
    labels = many(Label, "name")
    many(VoiceTerm, "unwanted", "instead", "reason")
    VoiceGuide.objects.create(
        pk=1,
        tone=fitting(0, 2_000),
        sample_1=fitting(40, 1_500),
        sample_2=fitting(80, 1_500),
        sample_3=fitting(160, 1_500),
    )
    articles = many(
        Article,
        "title",
        slug=lambda n: f"a-{n}",
        owner=owner,
        latest_number=2,
        for_everyone=True,
        checked_by=lambda n: fitting(n, 150),
    )
    common = {"author": owner, "reviewer": reviewer}
    first = many(
        Revision,
        "title",
        "body",
        "summary",
        "review_comment",
        "schedule_problem",
        number=1,
        article=lambda n: articles[n],
        state=lambda n: "published" if n < LIVE else "superseded",
        published_at=now,
        **common,
    )
    second = many(
        Revision,
        "title",
        "body",
        "summary",
        "review_comment",
        "schedule_problem",
        number=2,
        article=lambda n: articles[n],
        state=lambda n: ("draft", "in_review", "approved")[n % 3],
        submitted_at=now,
        based_on=lambda n: first[n],
        **common,
    )
    for article, revision in zip(articles[:LIVE], first, strict=False):
        Article.objects.filter(pk=article.pk).update(published_revision=revision)
    Article.pages.through.objects.bulk_create(
        Article.pages.through(article_id=article.pk, productpage_id=pages[n].pk)
        for n, article in enumerate(articles)
    )
    Article.labels.through.objects.bulk_create(
        Article.labels.through(article_id=article.pk, label_id=labels[n].pk)
        for n, article in enumerate(articles)
    )
    Article.audience_values.through.objects.bulk_create(
        Article.audience_values.through(article_id=article.pk, value_id=values[n].pk)
        for n, article in enumerate(articles)
        if n >= LIVE // 2
    )
    Article.objects.filter(pk__in=[article.pk for article in articles[LIVE // 2 :]]).update(
        for_everyone=False
    )
    for revision in (*second[::STEP], *first[:4]):
        lint_keep(revision)
    many(LineComment, "line_text", "text", revision=lambda n: second[n], line=0, author=reviewer)
    many(UnsavedDraft, "title", "body", article=lambda n: articles[n], person=owner)
    many(
        ArticleQuestion,
        "text",
        "source",
        "decided_by",
        article=lambda n: articles[n // 4],
        key=str,
        origin="written",
        state=lambda n: ("active", "suggested", "off")[n % 3],
    )
    many(
        QuestionRun,
        "made_by",
        occasion="check",
        asked=1,
        found=0,
        index_number=1,
        details=lambda n: [
            {
                "article": articles[n].pk,
                "title": fitting(n, 200),
                "question": 1,
                "rank": None,
                "text": fitting(n, 500),
                "first": fitting(n, 200),
            }
        ],
    )
    gaps = many(
        Gap, "title", "note", centroid=b"", encoder="x", last_seen=now.date(), article=lambda n: articles[n]
    )
    many(
        GapSignal,
        "text",
        "source",
        gap=lambda n: gaps[n // 20],
        kind="no_answer",
        day=now.date(),
        vector=b"",
        encoder="x",
        article=lambda n: articles[n],
    )
    many(GapChange, "summary", "made_by", "undone_by", gap=lambda n: gaps[n // 20], kind="dismiss")
    many(DraftSource, "label", revision=lambda n: second[n])


def _tickets(owner: User) -> None:
    now = timezone.now()
    window = {"window_start": now - timedelta(days=90), "window_end": now}
    many(GlossaryTerm, "term", "expansion")
    batches = many(ImportBatch, "file_name", "error", "address", source="csv", state="failed", **window)
    many(ImportRejection, "message", "code", batch=lambda n: batches[n // 20], line=lambda n: n)
    categories = many(
        Category,
        "name",
        "description",
        "label_reason",
        label="human_only",
        labelled_at=now,
        needs_judgement=True,
        is_core=lambda n: n < 12,
    )
    made = many(
        Ticket,
        "external_id",
        "subject",
        "channel",
        "kind",
        "priority",
        "group",
        "customer_external_id",
        source="csv",
        status="closed",
        content_hash="x",
        tags=lambda n: [fitting(n, 60)],
        extra=lambda n: {fitting(n, 60): fitting(n, 100)},
        created_at=now - timedelta(days=2),
        updated_at=now,
        closed_at=now - timedelta(days=1),
        first_batch=batches[0],
        last_batch=batches[0],
    )
    said = {"author": "customer", "at": now.isoformat(), "is_public": True, "is_html": True}
    many(
        TicketText,
        "customer_words",
        "csat_comment",
        ticket=lambda n: made[n],
        pipeline_version="1",
        conversation=lambda n: [{**said, "text": fitting(n, None)}],
    )
    many(
        RawText,
        "subject",
        "csat_comment",
        ticket=lambda n: made[n],
        delete_after=now.date(),
        conversation=lambda n: [{**said, "text": fitting(n, None)}],
    )
    clustering = Clustering.objects.create(
        seed=1, encoder="x", tickets=COUNT, mean=b"", least_similarity=0.1, made_by=fitting(0, 150)
    )
    clusters = many(
        Cluster,
        clustering=clustering,
        category=lambda n: categories[n],
        centroid=b"",
        terms=lambda n: [fitting(n, 60)],
        size=1,
    )
    many(
        Classification,
        ticket=lambda n: made[n],
        cluster=lambda n: clusters[n],
        similarity=1.0,
        rules_version=1,
        content_hash="x",
        evidence=lambda n: {"resolution_path": [fitting(n, 60)]},
    )
    many(CategoryChange, "summary", "made_by", "undone_by", kind="rename")


def _intents(owner: User) -> None:
    intents = many(
        Intent, "label", "description", "resolution_reason", slug=lambda n: f"i{n}", state="active"
    )
    examples = many(
        Example,
        "text",
        "source_ref",
        intent=lambda n: intents[n // 10],
        origin="ticket",
        text_hash=lambda n: hashlib.sha256(str(n).encode()).hexdigest(),
    )
    rows = [[number, text.replace("\x00", ""), "i1"] for number, text in enumerate(PAYLOADS)]
    counts = {"i1": {"real": 9, "synthetic": 0}}
    snapshot = DatasetSnapshot.objects.create(
        sha256="0" * 64, rows=rows, counts=counts, label_names={"i1": fitting(0, 100)}
    )
    versions = many(ModelVersion, "refusal", number=lambda n: n + 1, snapshot=snapshot, state="refused")
    many(
        Release,
        "note",
        "override_reason",
        number=lambda n: n + 1,
        model_version=lambda n: versions[n],
        is_live=False,
    )
    _dataset(intents, examples)
    _tagging(list(Ticket.objects.order_by("pk")[:COUNT]))


def _dataset(intents: list[Intent], examples: list[Example]) -> None:
    """Fill mapping, health and exchange of phrasings."""
    categories = list(Category.objects.order_by("pk"))
    many(OutOfScopeCategory, "reason", category=lambda n: categories[n])
    many(IntentLimitOverride, "reason", intent=intents[0], active_intents=15, live_interactions=0)
    many(IntentMerge, source=lambda n: intents[n], into=intents[0], source_state="active")
    many(
        PhrasingImport,
        "file_name",
        source="csv",
        rows=lambda n: [[fitting(m, 200), "i1", fitting(m, 60), "", ""] for m in range(n, n + STEP)],
        problems=lambda n: [[fitting(n, 60), fitting(n, 60), fitting(n, 60)]],
        ignored=lambda n: {fitting(n, 60): 1},
    )
    places = [[example.pk, example.intent_id] for example in examples[:50]]
    single = [
        {
            "examples": [place],
            "suggested": intents[9].pk,
            "score": 0.1,
            "confidence": 0.9,
            "effect": 1.0,
            "gain": 1,
        }
        for place in places[:25]
    ]
    pairs = [{"examples": [a, b], "similarity": 0.9} for a, b in zip(places[:25], places[25:], strict=True)]
    merge = {"a": intents[0].pk, "b": intents[1].pk, "similarity": 0.9}
    merge |= {"a_as_b": 2, "a_judged": 9, "b_as_a": 2, "b_judged": 9}
    content = {"examples": 50, "intents": 9, "sampled": 50, "merges": {"findings": [merge]}}
    content |= {"label_errors": {"findings": single}, "harmful": {"findings": single}}
    content |= {"conflicts": {"findings": pairs}}
    HealthReport.objects.create(fingerprint="xss", content=content, seconds=1, requested_by=fitting(1, 150))
    many(IgnoredFinding, "reason", kind="conflicts", key=lambda n: f"k{n}")


def _tagging(tickets: list[Ticket]) -> None:
    items = many(
        TaggingItem,
        *("text", "source_ref", "suggested_slug"),
        text_hash=lambda n: hashlib.sha256(str(n).encode()).hexdigest(),
        ticket=lambda n: tickets[n],
        closed_at=lambda n: tickets[n].closed_at,
        state="adjudication",
    )
    many(
        TaggingDecision,
        *("person_name", "proposed_label", "proposed_description", "suggested_slug"),
        key=lambda n: uuid.uuid4(),
        item=lambda n: items[n],
        role="first",
        answer="proposal",
        seconds=1,
    )


def _actions() -> None:
    now = timezone.now()
    connections = many(Connection, "name", "url", "check_result", system="linear", checked_at=now)
    actions = many(
        Action,
        "label",
        "description",
        slug=lambda n: f"a{n}",
        connection=lambda n: connections[n],
        operation="linear_create_issue",
        effect="write",
        settings=lambda n: {"team_id": fitting(n, 200)},
    )
    many(ActionParameter, "name", "description", action=lambda n: actions[n])
    many(
        ActionLedger,
        "message",
        "reference",
        "requested_by",
        "settled_by",
        "note",
        idempotency_key=lambda n: f"k{n}",
        action=lambda n: actions[n],
        connection=lambda n: connections[n],
        operation="linear_create_issue",
        state="unknown",
        payload=lambda n: {"method": "POST", "url": fitting(n, 200), "body": {"text": fitting(n, None)}},
        data=lambda n: {"issue_url": f"https://{fitting(n, 200)}", fitting(n, 60): fitting(n, 200)},
        trail=lambda n: [{"what": fitting(n, 60), "found": "done", "code": fitting(n, 60), "ms": 1}],
        started_at=now,
    )
