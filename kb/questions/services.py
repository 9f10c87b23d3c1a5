"""Writing test questions: by hand, by accepting what tickets and searches suggest, and switching them off.

A rejected suggestion is kept, so that it does not come again. Each service is one transaction with its line
in the activity log.
"""

from __future__ import annotations

import hashlib

import numpy as np
from django.db import IntegrityError, transaction

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.models import Job
from core.permissions import require
from kb.indexing import encoder
from kb.models import QUESTION_LENGTH, Article, ArticleQuestion, GapSignal
from kb.questions.running import MAX_QUESTIONS
from nlp.redaction import redact
from tickets.similar import nearest_tickets

CHANGE = "kb.change_article"
SUGGEST_TASK = "kb.tasks.suggest_questions"
Origin, State = ArticleQuestion.Origin, ArticleQuestion.State

MAX_WAITING = 5  # suggestions at a time
LOOKED_AT = 30
NEAR_COSINE = 0.45  # between an article's title and a ticket: nearer ones are about it, as a rule
SAME_COSINE = 0.9  # two questions nearer than this ask the same
SUGGESTED_LENGTH = 200


def question_add(
    *, actor: Actor, article: Article, text: str, origin: str = Origin.WRITTEN, source: str = ""
) -> ArticleQuestion:
    """Write a question that must find the article; refuse one that is there already."""
    require(actor, CHANGE)
    text = " ".join(text.split())
    if not text or len(text) > QUESTION_LENGTH or "\x00" in text:
        raise InvalidInput(f"Write a question of at most {QUESTION_LENGTH} characters.", code="bad_question")
    if article.questions.filter(state=State.ACTIVE).count() >= MAX_QUESTIONS:
        raise Conflict(f"An article has at most {MAX_QUESTIONS} active questions.", code="too_many_questions")
    key = key_of(text)
    with transaction.atomic():
        known = article.questions.filter(key=key).first()
        if known is not None:
            if known.state == State.ACTIVE:
                raise Conflict("The article has this question already.", code="question_taken")
            return _decide(actor, known, State.ACTIVE, "question.accepted")
        try:
            with transaction.atomic():
                made = ArticleQuestion.objects.create(
                    article=article,
                    text=text,
                    key=key,
                    origin=origin,
                    source=source,
                    decided_by=actor.label[:150],
                )
        except IntegrityError as error:
            raise Conflict("The article has this question already.", code="question_taken") from error
        activity.record(actor, "question.added", made, after={"article": article.pk, "text": text})
    return made


def question_accept(*, actor: Actor, question: ArticleQuestion) -> None:
    """Let a suggested or switched-off question count."""
    _move(actor, question, (State.SUGGESTED, State.OFF, State.REJECTED), State.ACTIVE, "question.accepted")


def question_reject(*, actor: Actor, question: ArticleQuestion) -> None:
    """Say that a suggested question does not belong to the article; it is not suggested again."""
    _move(actor, question, (State.SUGGESTED,), State.REJECTED, "question.rejected")


def question_switch_off(*, actor: Actor, question: ArticleQuestion) -> None:
    """Let a question count no more."""
    _move(actor, question, (State.ACTIVE,), State.OFF, "question.switched_off")


@transaction.atomic
def suggestions_start(*, actor: Actor, article: Article) -> Job:
    """Queue a search for questions that customers really asked."""
    require(actor, CHANGE)
    return jobs.enqueue(
        SUGGEST_TASK,
        dedupe_key=f"{SUGGEST_TASK}:{article.pk}",
        requested_by=actor.label,
        article_id=article.pk,
    )


def questions_suggest(article: Article) -> int:
    """Suggest what the nearest tickets and unanswered queries ask; return how many are new.

    At most MAX_WAITING wait at a time. What was decided on before, or asks the same as what is there, is
    not suggested again.
    """
    model = encoder()
    known = list(article.questions.order_by("pk").values_list("text", "key", "state"))
    room = MAX_WAITING - sum(state == State.SUGGESTED for _, _, state in known)
    if room <= 0 or article.published_revision is None:
        return 0
    candidates = _candidates(article)
    keys, vectors = {key for _, key, _ in known}, model.encode([text for text, _, _ in known])
    made = 0
    for (text, origin, source), vector in zip(
        candidates, model.encode([text for text, _, _ in candidates]), strict=True
    ):
        if made == room or key_of(text) in keys or (len(vectors) and (vectors @ vector).max() >= SAME_COSINE):
            continue
        _, created = ArticleQuestion.objects.get_or_create(
            article=article,
            key=key_of(text),
            defaults={"text": text, "origin": origin, "source": source, "state": State.SUGGESTED},
        )
        made += created
        keys.add(key_of(text))
        vectors = np.vstack([vectors, vector[None]])
    return made


def questions_suggest_where_few(*, at_least: int, limit: int = 200) -> int:
    """Suggest questions for published articles that have too few and no suggestion; return how many."""
    made = 0
    articles = Article.objects.published().select_related("published_revision").order_by("pk")
    for article in articles.prefetch_related("questions")[:5_000]:
        states = [question.state for question in article.questions.all()]
        if states.count(State.ACTIVE) >= at_least or State.SUGGESTED in states:
            continue
        made += questions_suggest(article)
        limit -= 1
        if limit == 0:
            break
    return made


def key_of(text: str) -> str:
    """Return the same key for the same words, whatever their case and spacing."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "replace")).hexdigest()


def short_question(text: str) -> str:
    """Return the first sentences of a message, masked, as far as they fit."""
    line = " ".join(redact(text).text.split())
    if len(line) <= SUGGESTED_LENGTH:
        return line
    cut = line[:SUGGESTED_LENGTH]
    end = max(cut.rfind(mark) for mark in (". ", "? ", "! "))
    return cut[: end + 1] if end > 20 else cut.rsplit(" ", 1)[0]


def _candidates(article: Article) -> list[tuple[str, str, str]]:
    """Return (text, origin, source), queries that came near the article first."""
    queries = GapSignal.objects.filter(article=article).exclude(kind=GapSignal.Kind.TICKET).order_by("-pk")
    found = [
        (short_question(text), str(Origin.QUERY), source)
        for text, source in queries.values_list("text", "source")[:LOOKED_AT]
    ]
    model = encoder()
    vector = model.encode([article.title])[0]
    tickets = nearest_tickets(vector, encoder=model.fingerprint, limit=LOOKED_AT, at_least=NEAR_COSINE)
    found += [(short_question(ticket.question), str(Origin.TICKET), ticket.label) for ticket in tickets]
    return [row for row in found if len(row[0]) > 5]


def _move(actor: Actor, question: ArticleQuestion, before: tuple[str, ...], to: str, verb: str) -> None:
    require(actor, CHANGE)
    with transaction.atomic():
        locked = ArticleQuestion.objects.select_for_update().get(pk=question.pk)
        if locked.state not in before:
            raise Conflict(
                f"This question is {locked.get_state_display().lower()} by now. Look again.",
                code="stale_transition",
            )
        _decide(actor, locked, to, verb)
    question.state = to


def _decide(actor: Actor, question: ArticleQuestion, to: str, verb: str) -> ArticleQuestion:
    before = question.state
    question.state, question.decided_by = to, actor.label[:150]
    question.save(update_fields=["state", "decided_by"])
    activity.record(actor, verb, question, before={"state": before}, after={"state": to})
    return question
