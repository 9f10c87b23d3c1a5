"""The knowledge base's background jobs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.actors import Actor
from core.jobs import Progress, handler
from kb.audit.running import audit_run
from kb.bulk.services import TASK as BULK_TASK
from kb.bulk.services import bulk_run
from kb.exchange.imports import APPLY_TASK, READ_TASK, import_apply, import_read
from kb.exchange.uploads import uploads_forget
from kb.findings.comparing import TASK as COMPARE_TASK
from kb.findings.comparing import compare, compare_queue
from kb.gaps.resolving import gaps_check
from kb.indexing import index_follow_encoder, index_rebuild, sync_article
from kb.linting import relint, relint_around
from kb.models import Article
from kb.questions.running import TASK as TEST_TASK
from kb.questions.running import check_run
from kb.questions.services import SUGGEST_TASK, questions_suggest
from kb.schedule import expire_if_due, publish_if_due
from kb.unsaved import unsaved_forget_old


@handler("kb.tasks.sync_article")
def sync(*, progress: Progress, article_id: int) -> dict[str, Any]:
    """Bring one article's part of the index up to date; see whether it closes its gap."""
    outcome = sync_article(article_id)
    relint_around(article_id)
    gaps_check(actor=Actor.system("kb.tasks.sync_article"), article_id=article_id)
    compare_queue("kb.tasks.sync_article")
    return {"action": outcome.action, "chunks": outcome.chunks, "embedded": outcome.embedded}


@handler("kb.tasks.rebuild_index")
def rebuild(*, progress: Progress, force: bool = False) -> dict[str, Any]:
    """Bring the whole index up to date."""
    return index_rebuild(progress=progress, force=force)


@handler("kb.tasks.follow_encoder")
def follow_encoder(*, progress: Progress) -> dict[str, Any]:
    """Index anew what another encoder has indexed, as after an update of the product."""
    return index_follow_encoder(progress=progress)


@handler("kb.tasks.publish_scheduled")
def publish_scheduled(*, progress: Progress, revision_id: int) -> dict[str, Any]:
    """Publish a revision whose time has come."""
    return {"outcome": publish_if_due(revision_id)}


@handler("kb.tasks.expire_article")
def expire_article(*, progress: Progress, article_id: int) -> dict[str, Any]:
    """Archive an article whose time is over."""
    return {"outcome": expire_if_due(article_id)}


@handler("kb.tasks.relint")
def relint_all(*, progress: Progress) -> dict[str, Any]:
    """Lint the newest and the published text of every article."""
    return {"texts": relint(progress)}


@handler("kb.tasks.forget")
def forget(*, progress: Progress) -> dict[str, Any]:
    """Delete typed texts and uploads that nobody came back to."""
    return {"unsaved_drafts": unsaved_forget_old(), "uploads": uploads_forget()}


@handler(COMPARE_TASK)
def compare_articles(*, progress: Progress) -> dict[str, Any]:
    """Compare what has changed with all other articles; a second run finds nothing to do."""
    return asdict(compare(progress=progress))


@handler("kb.tasks.audit")
def audit(*, progress: Progress, categories: list[dict[str, Any]], requester: str = "") -> dict[str, Any]:
    """Check the published articles; a second run checks again."""
    done = audit_run(
        actor=Actor.system(requester or "kb.tasks.audit"), categories=categories, progress=progress
    )
    return {"audit": done.pk, **{part["kind"]: part["count"] for part in done.parts}}


@handler(TEST_TASK)
def ask_questions(*, progress: Progress, requester: str = "") -> dict[str, Any]:
    """Ask every test question; a second run asks again."""
    run = check_run(actor=Actor.system(requester or TEST_TASK), progress=progress)
    return {"run": run.pk, "asked": run.asked, "found": run.found}


@handler(SUGGEST_TASK)
def suggest_questions(*, progress: Progress, article_id: int) -> dict[str, Any]:
    """Suggest test questions for one article; a second run finds them there."""
    return {"suggested": questions_suggest(Article.objects.get(pk=article_id))}


@handler(READ_TASK)
def read_import(*, progress: Progress, batch_id: int) -> dict[str, Any]:
    """Read an upload of articles; a second run reads it anew."""
    return import_read(batch_id, progress=progress)


@handler(APPLY_TASK)
def apply_import(*, progress: Progress, batch_id: int) -> dict[str, Any]:
    """Take the articles of an upload in; a second run goes on with those that are not in yet."""
    return import_apply(batch_id, progress=progress)


@handler(BULK_TASK)
def bulk_move(*, progress: Progress, move_id: int) -> dict[str, Any]:
    """Move many articles; a second run goes on with those that wait."""
    return bulk_run(move_id, progress=progress)
