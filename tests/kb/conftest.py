"""Articles, people and keys for the knowledge base's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

import kb.tasks  # noqa: F401 - registers the job handlers that run_due() looks up
from core import jobs
from core.actors import Actor
from core.api_keys import api_key_create
from core.models import User
from kb.importing import audience_value_ensure
from kb.models import Article, AudienceValue, Revision
from kb.review import revision_approve, revision_publish, revision_submit
from kb.services import article_create, article_set_audience, article_set_pages

WRITER = (
    "kb.view_article",
    "kb.add_article",
    "kb.change_article",
    "kb.view_revision",
    "kb.publish_revision",
    "kb.archive_article",
    "kb.review_revision",
    "kb.change_audiencevalue",
    "kb.change_productpage",
    "kb.view_productpage",
)
REVIEWER = (
    "kb.view_article",
    "kb.change_article",
    "kb.view_revision",
    "kb.review_revision",
    "kb.publish_revision",
)
BODY = """\
# How do I reset my password?

1. Open the sign-in page.
2. Choose **Forgot password?** and enter your address.

## The mail does not arrive

Look into the spam folder, then ask your administrator.
"""


@pytest.fixture
def writer(make_user: Callable[..., User]) -> Actor:
    return Actor.of_user(make_user("wanda", *WRITER))


@pytest.fixture
def reviewer(make_user: Callable[..., User]) -> Actor:
    return Actor.of_user(make_user("rene", *REVIEWER))


@pytest.fixture
def audience_value(writer: Actor) -> Callable[..., AudienceValue]:
    def make(kind: str, value: str) -> AudienceValue:
        return audience_value_ensure(actor=writer, kind=kind, value=value, label=value.title())

    return make


@pytest.fixture
def draft(writer: Actor) -> Callable[..., Revision]:
    """Make an article for everyone, with its first draft."""

    def make(
        slug: str = "reset-password", title: str = "How do I reset my password?", body: str = BODY
    ) -> Revision:
        revision = article_create(actor=writer, slug=slug, title=title, body=body)
        article_set_audience(actor=writer, article=revision.article, for_everyone=True)
        return revision

    return make


@pytest.fixture
def publish(writer: Actor, reviewer: Actor) -> Callable[[Revision], Article]:
    """Take a draft through review to publication, without indexing it."""

    def do(revision: Revision) -> Article:
        revision_submit(actor=writer, revision=revision)
        revision_approve(actor=reviewer, revision=revision)
        revision_publish(actor=reviewer, revision=revision)
        return Article.objects.get(pk=revision.article_id)

    return do


@pytest.fixture
def live(
    draft: Callable[..., Revision], publish: Callable[[Revision], Article], writer: Actor
) -> Callable[..., Article]:
    """Make a published and indexed article; ``values`` and ``pages`` narrow whom and where it is for."""

    def make(
        slug: str = "reset-password",
        title: str = "How do I reset my password?",
        body: str = BODY,
        *,
        values: tuple[AudienceValue, ...] = (),
        pages: tuple = (),
    ) -> Article:
        revision = draft(slug, title, body)
        if values:
            article_set_audience(actor=writer, article=revision.article, for_everyone=False, values=values)
        if pages:
            article_set_pages(actor=writer, article=revision.article, product_pages=pages)
        article = publish(revision)
        jobs.run_due()
        return article

    return make


@pytest.fixture
def bot(db: None) -> Callable[..., Client]:
    """Return a client whose API key has the scopes."""

    def make(*scopes: str) -> Client:
        _, key = api_key_create(
            actor=Actor.system("test"),
            name=f"bot {'-'.join(scopes)}",
            scopes=scopes,
            requests_per_minute=100_000,
        )
        return Client(headers={"authorization": f"Api-Key {key}"})

    return make
