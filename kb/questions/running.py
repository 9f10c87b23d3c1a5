"""Run test questions: of one article against an index in which its new text stands, or of all as they are.

A trial writes nothing. It is kept by what it depends on, so that the publication, which may not encode inside
its transaction, finds it done. Decides nothing about publishing: kb.questions.checking words the verdict.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import transaction

from core import activity, jobs
from core.actors import Actor
from core.models import Job
from core.permissions import require
from kb.embedding import index_article
from kb.index_loading import LoadedIndex, fresh_index
from kb.indexing import encoder
from kb.models import Article, ArticleQuestion, QuestionRun, Revision
from kb.questions.asking import Asked, ask, audiences_of
from kb.retrieval import readable_ids

TASK = "kb.tasks.test_articles"
AT_LEAST = 3  # questions an article
GOOD_RECALL = 0.9
MAX_QUESTIONS = 50  # an article
KEPT_FAILURES = 500
KEPT_TRIALS = 64


@dataclass(frozen=True, slots=True)
class Trial:
    """What the test questions make of one text: how each went, on which version of the index."""

    asked: tuple[Asked, ...]
    ids: tuple[int, ...]
    index_number: int

    @property
    def found(self) -> int:
        """Questions whose article is among the first three."""
        return sum(one.found for one in self.asked)

    @property
    def recall(self) -> float | None:
        """Recall@3; None where there is no question."""
        return self.found / len(self.asked) if self.asked else None


_trials: OrderedDict[str, Trial] = OrderedDict()
_lock = Lock()


def trial(article: Article, title: str, body: str) -> Trial:
    """Ask the article's active questions of the index with this text in place of its present one."""
    questions = active_questions(article)
    if not questions:
        return Trial((), (), 0)
    index = fresh_index()
    audiences = audiences_of(article)
    key = _key(article.pk, title, body, questions, audiences, index)
    with _lock:
        known = _trials.get(key)
    if known is not None:
        return known
    tried = index_article(article.pk, None, title, body, encoder())
    readable = [readable_ids(index, audience) for audience in audiences]
    asked = ask(index.snapshot.replace(tried), article.pk, readable, [row.text for row in questions])
    made = Trial(tuple(asked), tuple(row.pk for row in questions), index.version.number)
    with _lock:
        _trials[key] = made
        while len(_trials) > KEPT_TRIALS:
            _trials.popitem(last=False)
    return made


def publication_record(*, actor: Actor, revision: Revision) -> QuestionRun | None:
    """Keep how the questions went when the revision was published; nothing where there are none."""
    done = trial(revision.article, revision.title, revision.body)
    if not done.asked:
        return None
    details = [_detail(revision.article, pk, one) for pk, one in zip(done.ids, done.asked, strict=True)]
    return QuestionRun.objects.create(
        occasion=QuestionRun.Occasion.PUBLICATION,
        article=revision.article,
        revision=revision,
        too_few=int(len(done.asked) < AT_LEAST),
        asked=len(done.asked),
        found=done.found,
        details=details,
        index_number=done.index_number,
        made_by=actor.label[:150],
    )


@transaction.atomic
def check_start(*, actor: Actor) -> Job:
    """Queue a run of all test questions."""
    require(actor, "kb.change_article")
    return jobs.enqueue(TASK, dedupe_key=TASK, requested_by=actor.label, requester=actor.label)


def check_job() -> Job | None:
    """Return the run that waits or runs."""
    return Job.objects.filter(task=TASK, state__in=(Job.State.QUEUED, Job.State.RUNNING)).first()


def check_run(*, actor: Actor, progress: jobs.Progress | None = None) -> QuestionRun:
    """Ask every active question of every published article as things are; keep what failed."""
    index = fresh_index()
    questions: defaultdict[int, list[ArticleQuestion]] = defaultdict(list)
    live = Article.objects.published()
    for row in ArticleQuestion.objects.filter(state="active", article__in=live.values("pk")).order_by("pk"):
        questions[row.article_id].append(row)
    articles = list(live.prefetch_related("audience_values").order_by("pk"))
    asked = found = 0
    failures: list[dict[str, Any]] = []
    for done, article in enumerate(articles, 1):
        rows = questions[article.pk][:MAX_QUESTIONS]
        readable = [readable_ids(index, audience) for audience in audiences_of(article)]
        for row, one in zip(
            rows, ask(index.snapshot, article.pk, readable, [row.text for row in rows]), strict=True
        ):
            asked, found = asked + 1, found + one.found
            if not one.found:
                failures.append(_detail(article, row.pk, one))
        if progress is not None:
            progress(done, len(articles), "Asking what customers ask")
    too_few = sum(len(questions[article.pk]) < AT_LEAST for article in articles)
    with transaction.atomic():
        run = QuestionRun.objects.create(
            occasion=QuestionRun.Occasion.CHECK,
            articles=len(articles),
            too_few=too_few,
            asked=asked,
            found=found,
            details=failures[:KEPT_FAILURES],
            index_number=index.version.number,
            made_by=actor.label[:150],
        )
        activity.record(actor, "questionrun.done", run, after={"asked": asked, "found": found})
    return run


def active_questions(article: Article) -> list[ArticleQuestion]:
    """Return the questions that count, in the order they were made."""
    return list(article.questions.filter(state="active").order_by("pk")[:MAX_QUESTIONS])


def _detail(article: Article, question_id: int, one: Asked) -> dict[str, Any]:
    return {
        "article": article.pk,
        "title": article.title,
        "question": question_id,
        "text": one.text,
        "rank": one.rank,
        "first": one.first,
    }


def _key(
    article_id: int,
    title: str,
    body: str,
    questions: list[ArticleQuestion],
    audiences: list[Any],
    index: LoadedIndex,
) -> str:
    parts = [article_id, title, body, [(row.pk, row.text) for row in questions], audiences]
    identity = repr([*parts, index.version, index.encoder])
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
