"""Who may read what: the predicate, its equal in SQL, and the search behind them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from core.actors import Actor
from kb.access import KINDS, Facets, claims, facets, is_visible
from kb.contracts import Audience
from kb.models import Article, AudienceValue
from kb.retrieval import search
from kb.services import article_set_audience

VALUES = {
    "user_type": ["admin", "member", "developer"],
    "product_area": ["billing", "access", "api"],
    "tier": ["starter", "team", "enterprise"],
}


@pytest.mark.row("2.4", "2.5")
@pytest.mark.parametrize(
    ("article", "audience", "visible"),
    [
        (facets(True, []), Audience(), True),
        (facets(False, []), Audience("admin", "team", "billing"), False),
        (facets(False, [("tier", "team")]), Audience(), False),
        (facets(False, [("tier", "team")]), Audience(tier="team"), True),
        (facets(False, [("tier", "team")]), Audience(user_type="admin"), False),
        (facets(False, [("tier", "team"), ("tier", "enterprise")]), Audience(tier="enterprise"), True),
        (facets(False, [("tier", "team"), ("user_type", "admin")]), Audience(tier="team"), False),
        (facets(False, [("tier", "team"), ("user_type", "admin")]), Audience("admin", "team", "x"), True),
        (facets(False, [("tier", "admin")]), Audience(user_type="admin"), False),
    ],
)
def test_an_audience_meets_one_value_of_every_kind_named(
    article: Facets, audience: Audience, visible: bool
) -> None:
    assert is_visible(article, audience) is visible


def random_audience(rng: random.Random) -> Audience:
    return Audience(**{kind: rng.choice(["", "unknown", *VALUES[kind]]) for kind in KINDS})


@pytest.mark.row("2.5", "R55")
@pytest.mark.django_db
def test_the_query_and_the_predicate_agree_for_1000_random_readers(
    writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    rng = random.Random(20)
    rows = {(kind, value): audience_value(kind, value) for kind in KINDS for value in VALUES[kind]}
    oracle: dict[int, tuple[bool, dict[str, set[str]]]] = {}
    for number in range(60):
        chosen = rng.sample(sorted(rows), rng.choice([0, 1, 1, 2, 3, 5]))
        article = Article.objects.create(slug=f"a-{number}", owner_id=writer.id)
        everyone = not chosen and rng.random() < 0.7
        article_set_audience(
            actor=writer, article=article, for_everyone=everyone, values=[rows[pair] for pair in chosen]
        )
        oracle[article.pk] = (everyone, {k: {v for kind, v in chosen if kind == k} for k in KINDS})
    forbidden = seen = 0
    for _ in range(1000):
        audience = random_audience(rng)
        found = set(Article.objects.visible_to(audience).values_list("pk", flat=True))
        for pk, (everyone, wanted) in oracle.items():
            named = [kind for kind in KINDS if wanted[kind]]
            may = everyone or (bool(named) and all(getattr(audience, k) in wanted[k] for k in named))
            pairs = [(kind, value) for kind in KINDS for value in wanted[kind]]
            assert is_visible(facets(everyone, pairs), audience) is may
            forbidden += pk in found and not may
            assert (pk in found) is may
            seen += may
    assert forbidden == 0
    assert seen > 10_000


def test_a_missing_identity_claims_nothing() -> None:
    assert claims(Audience()) == []
    assert claims(Audience(tier="team")) == [("tier", "team")]


@pytest.mark.row("2.5")
@pytest.mark.django_db
def test_search_returns_an_article_to_its_audience_and_to_nobody_else(
    live: Callable[..., Article], audience_value: Callable[..., AudienceValue]
) -> None:
    team = live("team-only", values=(audience_value("tier", "team"), audience_value("user_type", "admin")))
    assert [h.article_id for h in search("reset password", audience=Audience("admin", "team")).hits] == [
        team.pk
    ]
    for reader in (Audience(), Audience("admin"), Audience("member", "team"), Audience("admin", "starter")):
        assert search("reset password", audience=reader).hits == ()


@pytest.mark.row("2.5", "R55")
@pytest.mark.django_db
def test_a_revoked_audience_counts_from_the_next_call(
    live: Callable[..., Article], audience_value: Callable[..., AudienceValue], writer: Actor
) -> None:
    article = live()
    assert len(search("reset password", audience=Audience()).hits) == 1
    article_set_audience(
        actor=writer, article=article, for_everyone=False, values=[audience_value("tier", "team")]
    )
    assert search("reset password", audience=Audience()).hits == ()


@pytest.mark.row("2.5", "R55")
@pytest.mark.django_db
def test_an_audience_that_changes_while_the_search_ranks_is_caught_by_the_second_check(
    live: Callable[..., Article],
    audience_value: Callable[..., AudienceValue],
    writer: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    article, value = live(), audience_value("tier", "team")
    search("reset password", audience=Audience())

    def revoke_meanwhile(index: object, page: str) -> set[int]:
        article_set_audience(actor=writer, article=article, for_everyone=False, values=[value])
        return set()

    monkeypatch.setattr("kb.retrieval._ids_on_page", revoke_meanwhile)
    assert search("reset password", audience=Audience()).hits == ()


@pytest.mark.row("R55")
@pytest.mark.django_db
def test_articles_for_others_change_no_score(
    live: Callable[..., Article], audience_value: Callable[..., AudienceValue]
) -> None:
    live()
    before = search("I forgot my password", audience=Audience())
    for number in range(5):
        live(f"secret-{number}", f"Password reset {number}", values=(audience_value("tier", "team"),))
    after = search("I forgot my password", audience=Audience())
    assert after.hits == before.hits


@pytest.mark.row("2.5", "R55")
@pytest.mark.django_db
def test_rows_changed_behind_the_services_never_show_what_is_forbidden(
    live: Callable[..., Article], audience_value: Callable[..., AudienceValue]
) -> None:
    article = live()
    assert len(search("reset password", audience=Audience()).hits) == 1
    Article.objects.filter(pk=article.pk).update(for_everyone=False)
    assert search("reset password", audience=Audience()).hits == ()


@pytest.mark.row("2.5")
@pytest.mark.django_db
def test_who_gains_access_finds_the_article_on_the_next_call(
    live: Callable[..., Article], audience_value: Callable[..., AudienceValue], writer: Actor
) -> None:
    article = live(values=(audience_value("tier", "team"),))
    assert search("reset password", audience=Audience(tier="starter")).hits == ()
    article_set_audience(actor=writer, article=article, for_everyone=True)
    assert len(search("reset password", audience=Audience(tier="starter")).hits) == 1
