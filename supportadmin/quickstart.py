"""Fill an empty installation with the demo company, through the same services as people use.

Every step is idempotent: what is there already stays as it is, so a start that was cut short can be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from core import jobs
from core.actors import Actor
from core.api_keys import api_key_create
from core.errors import Unavailable
from core.models import ApiKey, User
from escalation.services import defaults_install, template_save
from intents.health.checking import health_check_job, health_check_start
from intents.models import Example, Intent, ModelVersion
from intents.selectors import intents_summary
from intents.services import (
    NewCase,
    NewExample,
    cases_add,
    examples_add,
    intent_activate,
    intent_create,
    release_activate,
    training_start,
)
from kb.gaps.collecting import collect_start
from kb.importing import IncomingArticle, article_import, audience_value_ensure
from kb.models import Article, Gap, ProductPage, QuestionRun
from kb.questions.running import check_run
from kb.questions.services import question_add
from kb.services import product_page_save
from pilot.corrections.collecting import corrections_collect
from runtime.contracts import Customer, TurnRequest
from runtime.models import Conversation, Turn
from runtime.services import feedback_record, turn_take
from supportadmin import credentials
from supportadmin.demo.actions import actions_install
from supportadmin.demo.backtest import backtest_queue
from supportadmin.demo.content import read_articles, read_intents, read_test_questions, read_workspace
from supportadmin.demo.desk import desk_work
from supportadmin.demo.flows import flows_add, flows_talk
from supportadmin.demo.measures import handoffs_finish, sample_judge
from supportadmin.demo.pilot import rehearsal_install
from supportadmin.demo.pilot_reviews import drafts_review
from supportadmin.demo.push import destination_install
from supportadmin.demo.rules import rules_add
from supportadmin.demo.simulations import simulations_add
from supportadmin.demo.tagging import demo_inbox
from supportadmin.demo.teams import teams_install, waits_remember
from supportadmin.demo.tickets.source import DemoTickets
from supportadmin.roles import GROUP_OF_ROLE, roles_sync
from tickets.models import Category, ImportBatch
from tickets.services import audit_job, audit_start, batch_apply, batch_create
from tickets.uploads import Upload

Say = Callable[[str], None]
TICKETS_FILE = "larkstow-closed-tickets.jsonl"
KEY_NAME = "Larkstow website bot"
KEY_REQUESTS_PER_MINUTE = 60_000
SAMPLE_CHANNEL = "website"
GUIDES_PHRASES = ("I can't get in", "my login isn't working", "locked out of my account")
AUDIENCE_KINDS = {"user_types": "user_type", "tiers": "tier", "product_areas": "product_area"}
# The demo's words for its handoff reasons, by the engine's triggers.
TEMPLATE_OF_TRIGGER = {
    "human_request": "human_request",
    "human_only_intent": "human_only",
    "low_confidence": "low_confidence",
    "no_answer": "no_answer",
    "step_failure": "failure",
}


def is_needed() -> bool:
    """Whether the installation is empty, or an earlier quickstart did not come to its end."""
    return _unfinished().exists() or not User.objects.exists()


def quickstart(*, url: str, say: Say = lambda line: None) -> dict[str, Any]:
    """Build the demo workspace and return its credentials, which are also kept in DATA_DIR."""
    _unfinished().parent.mkdir(parents=True, exist_ok=True)
    _unfinished().touch()
    stored = credentials.read() or {}
    roles_sync()
    people, passwords = _people(stored)
    lead = _actor(people, "support_lead")
    say(f"{len(passwords)} people in their roles")
    _vocabulary(_actor(people, "kb_owner"))
    say(f"{_articles(people)} articles published and indexed")
    say(f"{_intents(people)} phrasings of {len(read_intents())} intents")
    _test_phrases(lead)
    say(f"model {_train(lead)} trained, evaluated and live")
    _escalation(lead)
    say(f"{rules_add(lead)} rules beside the default ones, one of them with an edit that waits")
    say(f"{teams_install(lead=lead, people=people)} teams take conversations over")
    say(f"{actions_install(admin=_actor(people, 'admin'), lead=lead)} actions wait for their connections")
    destination_install(admin=_actor(people, "admin"))
    say(f"{_tickets(lead)} closed tickets imported; the worker sorts them after the start")
    say(f"{_inbox(people)} customers' messages wait to be tagged")
    key = _api_key(_actor(people, "admin"), stored)
    say(f"{_sample_turns(key)} customers' messages answered")
    say(f"{flows_add(lead)} resolution flows, {flows_talk(_bot(), SAMPLE_CHANNEL)} customers led through")
    say(f"{desk_work(person=_actor(people, 'tagger'), bot=_bot())} customers wait at the handoff desk")
    say(f"{_measures(people)} sampled turns judged")
    say(f"{_test_questions(people)} test questions find their articles; {_gaps(lead)} gaps found")
    say(f"{simulations_add(lead)} simulations passed")
    waited = waits_remember(bot=_bot(), person=_actor(people, "reviewer"), channel=SAMPLE_CHANNEL)
    say(f"{waited} customers have waited for a person")
    say(f"{rehearsal_install(lead=lead)} drafts rehearsed on closed tickets")
    say(f"{drafts_review(people)} reviews of them, {corrections_collect()['proposed']} corrections proposed")
    _health_check(lead)
    backtest_queue(lead=lead)
    admin = next(user for user in read_workspace()["users"] if user["role"] == "admin")
    kept = {
        "url": url,
        "username": admin["username"],
        "password": passwords[admin["username"]],
        "api_key": key,
        "people": [
            {"role": user["role"], "username": user["username"], "password": passwords[user["username"]]}
            for user in read_workspace()["users"]
            if user["username"] in passwords
        ],
    }
    credentials.write(kept)
    _unfinished().unlink(missing_ok=True)
    return kept


def _unfinished() -> Path:
    return Path(settings.DATA_DIR) / "quickstart-unfinished"


def _people(stored: dict[str, Any]) -> tuple[dict[str, User], dict[str, str]]:
    """Create the demo's people; return them by role and user name, with the passwords that are known."""
    passwords = {row["username"]: row["password"] for row in stored.get("people", [])}
    people: dict[str, User] = {}
    for row in read_workspace()["users"]:
        if row["role"] not in GROUP_OF_ROLE:
            continue  # the bot signs in by API key only
        first, _, last = row["name"].partition(" ")
        user, created = User.objects.get_or_create(
            username=row["username"],
            defaults={"first_name": first, "last_name": last, "email": row["email"], "is_staff": True},
        )
        if created or row["username"] not in passwords:
            passwords[row["username"]] = credentials.new_password()
            user.set_password(passwords[row["username"]])
        user.is_superuser = row["role"] == "admin"
        user.save()
        user.groups.set(Group.objects.filter(name=GROUP_OF_ROLE[row["role"]]))
        people[row["username"]] = user
        people.setdefault(row["role"], user)
    return people, passwords


def _actor(people: dict[str, User], name: str) -> Actor:
    return Actor.of_user(people[name])


def _vocabulary(actor: Actor) -> None:
    workspace = read_workspace()
    for section, kind in AUDIENCE_KINDS.items():
        for value in workspace[section]:
            audience_value_ensure(actor=actor, kind=kind, value=value["slug"], label=value["label"])
    for page in workspace["pages"]:
        if not ProductPage.objects.filter(name=page["name"]).exists():
            product_page_save(actor=actor, page=ProductPage(name=page["name"], pattern=page["pattern"]))


def _articles(people: dict[str, User]) -> int:
    reviewer = _actor(people, "reviewer")
    articles = read_articles()
    for file in articles:
        audience = file.metadata["audience"]
        owner = people[file.metadata["owner"]]
        incoming = IncomingArticle(
            slug=file.metadata["slug"],
            title=file.title,
            body=file.markdown.strip(),
            for_everyone=audience.get("everyone") == "true",
            audience=[
                (kind, value)
                for section, kind in AUDIENCE_KINDS.items()
                for value in audience.get(section, [])
            ],
            pages=file.metadata.get("pages", []),
            labels=file.metadata.get("labels", []),
            owner_id=owner.pk,
        )
        writer = owner if owner.has_perm("kb.add_article") else people["kb_owner"]
        article_import(actor=Actor.of_user(writer), reviewer=reviewer, incoming=incoming, publish=True)
    jobs.run_due()
    return len(articles)


def _intents(people: dict[str, User]) -> int:
    lead = _actor(people, "support_lead")
    for content in read_intents():
        intent = Intent.objects.filter(slug=content["slug"]).first() or intent_create(
            actor=lead,
            slug=content["slug"],
            label=content["label"],
            description=content["description"],
            resolution=content["resolution"],
            resolution_reason=content["resolution_reason"],
            owner_id=people[content["owner"]].pk,
        )
        rows = [NewExample(e["text"], e["origin"], e.get("source_ref", "")) for e in content["examples"]]
        examples_add(actor=_actor(people, "tagger"), intent=intent, rows=rows)
        if intent.state == Intent.State.DRAFT:
            intent_activate(actor=lead, intent=intent)
    return Example.objects.count()


def _test_phrases(lead: Actor) -> None:
    """Keep messages that no model learns from, so that every one is asked; the guide's three must pass."""
    intents = {intent.slug: intent for intent in Intent.objects.all()}
    access = intents.get("account_access")
    guides = [NewCase(text, access, Example.Origin.SYNTHETIC, must_pass=True) for text in GUIDES_PHRASES]
    held_out = [
        NewCase(row["text"], intents.get(row["intent"] or ""), Example.Origin.SYNTHETIC)
        for row in read_test_questions()["utterances"]
    ]
    cases_add(actor=lead, cases=[*guides, *held_out])


def _train(lead: Actor) -> int:
    """Train and activate the first model; return the number of the one that is live."""
    live = intents_summary().live_model_version
    if live is not None:
        return live
    training_start(actor=lead)
    jobs.run_due()
    version = ModelVersion.objects.filter(state=ModelVersion.State.READY).order_by("-number").first()
    if version is None:
        raise Unavailable("The first training failed; see System → Jobs.", code="training_failed")
    release_activate(actor=lead, version=version, note="First release of the demo workspace")
    return version.number


def _escalation(lead: Actor) -> None:
    defaults_install(actor=lead)
    handoff = read_workspace()["handoff"]
    for trigger, name in TEMPLATE_OF_TRIGGER.items():
        words = handoff["templates"][name]
        template_save(
            actor=lead,
            reason=trigger,
            body=words["with_wait"],
            body_without_wait=words["without_wait"],
            body_off_hours=handoff["off_hours"],
        )
    jobs.run_due()  # the articles may link the rules: they are linted anew


def _tickets(lead: Actor) -> int:
    """Import the demo's closed tickets, and queue the audit that sorts them."""
    batch = ImportBatch.objects.order_by("pk").first()
    if batch is None:
        digest = hashlib.sha256(b"closed tickets of the demo").hexdigest()
        batch = batch_create(actor=lead, source="zendesk", upload=Upload(TICKETS_FILE, digest, 0))
    batch_apply(actor=lead, batch=batch, source=DemoTickets(batch.window_end))
    if not Category.objects.exists() and audit_job() is None:
        audit_start(actor=lead)
    return batch.created


def _inbox(people: dict[str, User]) -> int:
    """Fill the tagging inbox, with some messages decided by two people."""
    tagger, lead, admin = (_actor(people, role) for role in ("tagger", "support_lead", "admin"))
    return demo_inbox(tagger=tagger, lead=lead, admin=admin)


def _api_key(actor: Actor, stored: dict[str, Any]) -> str:
    if stored.get("api_key"):
        return str(stored["api_key"])
    with transaction.atomic():
        ApiKey.objects.filter(name=KEY_NAME).delete()  # of an earlier try, whose key nobody has seen
        _, clear = api_key_create(
            actor=actor,
            name=KEY_NAME,
            scopes=["runtime", "read", "feedback", "identity"],
            requests_per_minute=KEY_REQUESTS_PER_MINUTE,
        )
    return clear


def _bot() -> Actor:
    return Actor.of_api_key(ApiKey.objects.get(name=KEY_NAME))


def _sample_turns(clear_key: str) -> int:
    """Let the agent answer some held-out messages, so that the pages show it at work."""
    if Conversation.objects.filter(ticket=None).exists():
        return 0
    actor = _bot()
    messages = read_test_questions()["utterances"][::3]
    for number, message in enumerate(messages, 1):
        customer = Customer(f"customer-{number:03}", user_type="admin", tier="team", verified=True)
        turn_take(
            actor=actor,
            request=TurnRequest(
                text=message["text"], channel=SAMPLE_CHANNEL, customer=customer, page="/home"
            ),
        )
    _thumbs(actor)
    return len(messages)


def _measures(people: dict[str, User]) -> int:
    """Let people settle some handoffs and judge a sample of turns."""
    lead, reviewer, tagger = (_actor(people, role) for role in ("support_lead", "reviewer", "tagger"))
    handoffs_finish(bot=_bot(), agent=lead, channel=SAMPLE_CHANNEL)
    return sample_judge(lead=lead, judges=(reviewer, tagger))


def _thumbs(actor: Actor) -> None:
    """Let every other customer who got an answer give a thumb; one in five is down."""
    for number, turn in enumerate(Turn.objects.filter(decision=Turn.Decision.ANSWER).order_by("pk")[::2]):
        feedback_record(actor=actor, turn=turn, rating="down" if number % 5 == 4 else "up")


def _test_questions(people: dict[str, User]) -> str:
    """Give the articles the questions that they must answer, and ask them once; return found of asked."""
    actor = _actor(people, "kb_owner")
    for row in read_test_questions()["articles"]:
        article = Article.objects.filter(slug=row["slug"]).first()
        if article is None or article.questions.exists():
            continue
        for text in row["questions"]:
            question_add(actor=actor, article=article, text=text)
    _let_time_pass()
    run = QuestionRun.objects.filter(occasion="check").first() or check_run(actor=actor)
    return str(run).removesuffix(" questions")


def _let_time_pass() -> None:
    """Let the day of some articles' check have come, as their files say: publishing sets a later one."""
    for file in read_articles():
        if review_by := file.metadata.get("review_by"):
            unchecked = Article.objects.filter(slug=file.metadata["slug"], checked_at=None)
            unchecked.update(review_by=date.fromisoformat(review_by), review_by_is_default=False)


def _gaps(lead: Actor) -> int:
    """Read what customers asked in vain so far; the tickets are read once the worker has sorted them."""
    jobs.run(collect_start(actor=lead).pk)  # this job alone: the audit of the tickets is the worker's
    return Gap.objects.apart().count()


def _health_check(lead: Actor) -> None:
    """Queue a first check of the phrasings; the worker does it after the start."""
    if health_check_job() is None:
        health_check_start(actor=lead)
