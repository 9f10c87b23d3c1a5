"""What is wrong between two articles: comparisons, the ledger, verdicts that hold until words change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from core import jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, StaleTransition
from core.models import Activity
from kb.claims.extraction import article_claims
from kb.findings import ledger
from kb.findings.comparing import compare, draft_conflicts
from kb.findings.ledger import claim_of, details_of
from kb.findings.pairs import Pair, Statement, contradictions, near_duplicates
from kb.findings.published import PublishedText
from kb.findings.services import conflicts_of, finding_dismiss, finding_reopen
from kb.models import Article, ArticleClaim, AudienceValue, PairFinding, Revision
from kb.readiness import contradicted_articles, readiness_of
from kb.review import article_archive, article_unarchive
from kb.services import article_set_audience, revision_save_draft
from tests.tickets.audited import WordsEncoder

Live = Callable[..., Article]
encode = WordsEncoder().encode
IN_14 = "A refund can be asked for within 14 days of the payment."
IN_30 = "A refund can be asked for within 30 days of the payment."


def text(number: int, body: str, *, title: str = "", **facets: Sequence[str]) -> PublishedText:
    named = {kind: frozenset(values) for kind, values in facets.items()}
    made = datetime(2026, 6, 1, tzinfo=UTC)
    return PublishedText(number, title or f"Article {number}", body, made, facets=named)


def compared(texts: Sequence[PublishedText], changed: set[int] | None = None) -> list[Pair]:
    statements = [Statement(one, claim) for one in texts for claim in article_claims(one.markdown)]
    vectors = encode([statement.claim.subject for statement in statements])
    return contradictions(statements, vectors, encode, changed)


# The comparisons, pure


@pytest.mark.row("1.9", "2.8")
def test_different_numbers_of_the_same_thing_contradict_each_other_with_both_sentences() -> None:
    (pair,) = compared([text(1, f"# Refunds\n\n{IN_14}\n"), text(2, f"# Money back\n\n{IN_30}\n")])
    assert pair.articles == (1, 2)
    assert pair.sentences == (IN_14, IN_30)
    assert pair.differs_in == "duration"
    assert pair.text == "“Article 1” and “Article 2” differ in duration"


@pytest.mark.row("1.9", "2.8")
@pytest.mark.parametrize(
    "other",
    [
        IN_14,
        "A refund can be asked for within fourteen days of the payment.",
        "An export is kept for 30 days on the server.",
        "A refund of the payment costs $30.",
    ],
)
def test_the_same_number_or_another_thing_is_no_contradiction(other: str) -> None:
    assert compared([text(1, IN_14), text(2, other)]) == []


@pytest.mark.row("2.8")
def test_articles_that_nobody_can_see_both_of_do_not_contradict_each_other() -> None:
    assert compared([text(1, IN_14, tier=["starter"]), text(2, IN_30, tier=["team"])]) == []
    assert len(compared([text(1, IN_14, tier=["starter", "team"]), text(2, IN_30, tier=["team"])])) == 1


@pytest.mark.row("2.8")
def test_what_has_changed_is_compared_with_all_others_and_each_pair_once() -> None:
    texts = [text(1, IN_14), text(2, IN_30), text(3, IN_14.replace("14", "60")), text(4, "Hello there.")]
    everything = {pair.articles for pair in compared(texts)}
    assert everything == {(1, 2), (1, 3), (2, 3)}
    assert {pair.articles for pair in compared(texts, {1})} == {(1, 2), (1, 3)}
    both = compared(texts, {1, 3})
    assert sorted(pair.articles for pair in both) == [(1, 2), (1, 3), (2, 3)]
    assert compared(texts, {4}) == []


@pytest.mark.row("1.9", "2.9")
def test_a_copy_with_a_tenth_of_its_words_changed_is_a_near_duplicate_and_another_article_is_not() -> None:
    words = [f"word{n}" for n in range(100)]
    copy = [word if n % 10 else f"other{n}" for n, word in enumerate(words)]
    mixed = [*words[50:], *words[:50]]  # the same words in another order
    rest = [f"else{n}" for n in range(100)]
    texts = [text(n, " ".join(body)) for n, body in enumerate((words, copy, mixed, rest), start=1)]
    (pair,) = near_duplicates(texts)
    assert (pair.articles, pair.share) == ((1, 2), 0.9)
    assert pair.text == "“Article 1” and “Article 2” are 90 % the same text"
    assert [found.articles for found in near_duplicates(texts, {2})] == [(1, 2)]
    assert near_duplicates(texts, {4}) == near_duplicates([]) == near_duplicates([text(1, "")]) == []


@pytest.mark.row("2.8")
def test_a_claim_comes_back_from_its_row_as_it_was() -> None:
    said = "On the Team plan no refund is paid within 14 days. Open Settings > Billing in the EU unless free."
    claims = article_claims(said)
    assert claims
    assert [claim_of(details_of(claim)) for claim in claims] == claims


# The ledger and the findings, as rows


@pytest.fixture
def two(live: Live) -> tuple[Article, Article]:
    """Two published articles that contradict each other."""
    one = live("refunds", "When can I get a refund?", f"# When can I get a refund?\n\n{IN_14}\n")
    return one, live("money-back", "How is money paid back?", f"# How is money paid back?\n\n{IN_30}\n")


def edit(actor: Actor, article: Article, body: str) -> Revision:
    article.refresh_from_db()
    return revision_save_draft(
        actor=actor, article=article, base_number=article.latest_number, title=article.title, body=body
    )


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_a_publication_writes_what_is_stated_and_finds_what_contradicts_it(
    two: tuple[Article, Article],
) -> None:
    claims = ArticleClaim.objects.order_by("article_id", "ordinal")
    assert list(claims.values_list("article_id", "sentence", "values", "dimensions")) == [
        (two[0].pk, IN_14, "14 days", "duration"),
        (two[1].pk, IN_30, "30 days", "duration"),
    ]
    finding = PairFinding.objects.get()
    assert (finding.kind, finding.state, finding.gone_at) == ("contradiction", "open", None)
    assert (finding.first, finding.first_sentence) == (two[0], IN_14)
    assert (finding.second, finding.second_sentence) == (two[1], IN_30)
    assert contradicted_articles() == {two[0].pk, two[1].pk}
    assert readiness_of(two[0].published_revision).is_free_of_contradictions is False


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_a_second_comparison_finds_nothing_to_do_and_encodes_nothing(
    two: tuple[Article, Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> int:
        raise AssertionError("nothing has changed")

    monkeypatch.setattr("kb.findings.comparing.claims_write", refuse)
    again = compare()
    assert (again.articles, again.statements, again.changed, again.found, again.gone) == (2, 2, 0, 0, 0)


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_a_verdict_holds_until_the_words_change(
    two: tuple[Article, Article], writer: Actor, publish: Callable[[Revision], Article]
) -> None:
    finding = PairFinding.objects.get()
    finding_dismiss(actor=writer, finding=finding, reason=" The one  is for cards. ")
    finding.refresh_from_db()
    assert (finding.state, finding.reason, finding.decided_by) == (
        "dismissed",
        "The one is for cards.",
        writer.label,
    )
    assert contradicted_articles() == frozenset()
    publish(edit(writer, two[0], f"# When can I get a refund?\n\n{IN_14}\n\nAsk your administrator.\n"))
    jobs.run_due()
    assert PairFinding.objects.get().state == "dismissed"  # other words of the article were changed
    assert contradicted_articles() == frozenset()
    publish(edit(writer, two[0], f"# When can I get a refund?\n\n{IN_14.replace('14', '7')}\n"))
    jobs.run_due()
    old, new = PairFinding.objects.order_by("pk")
    assert (old.state, old.gone_at is not None, old.pairs) == ("dismissed", True, [])
    assert (new.state, new.gone_at, new.first_sentence) == ("open", None, IN_14.replace("14", "7"))
    assert contradicted_articles() == {two[0].pk, two[1].pk}


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_a_contradiction_is_settled_by_publishing_the_right_words(
    two: tuple[Article, Article], writer: Actor, publish: Callable[[Revision], Article]
) -> None:
    publish(edit(writer, two[1], f"# How is money paid back?\n\n{IN_14}\n"))
    jobs.run_due()
    assert PairFinding.objects.get().gone_at is not None
    assert not PairFinding.objects.open().exists()


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_readers_that_part_settle_it_and_readers_that_meet_bring_it_back(
    two: tuple[Article, Article], writer: Actor, audience_value: Callable[..., AudienceValue]
) -> None:
    starter, team = audience_value("tier", "starter"), audience_value("tier", "team")
    article_set_audience(actor=writer, article=two[0], for_everyone=False, values=[starter])
    jobs.run_due()
    assert PairFinding.objects.open().count() == 1  # whoever has the tier may read both
    article_set_audience(actor=writer, article=two[1], for_everyone=False, values=[team])
    jobs.run_due()
    assert PairFinding.objects.open().count() == 0
    article_set_audience(actor=writer, article=two[1], for_everyone=True)
    jobs.run_due()
    finding = PairFinding.objects.get()
    assert (finding.state, finding.gone_at, finding.pairs) == ("open", None, [[two[0].pk, two[1].pk]])


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_an_archived_article_contradicts_nobody_and_its_statements_leave_the_ledger(
    two: tuple[Article, Article], writer: Actor
) -> None:
    article_archive(actor=writer, article=two[0])
    jobs.run_due()
    assert not PairFinding.objects.open().exists()
    assert set(ArticleClaim.objects.values_list("article_id", flat=True)) == {two[1].pk}
    article_unarchive(actor=writer, article=two[0])
    jobs.run_due()
    assert PairFinding.objects.open().count() == 1


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_one_sentence_in_many_articles_is_one_finding_that_names_them_all(
    two: tuple[Article, Article], live: Live, writer: Actor
) -> None:
    third = live("refund-third", "Who pays refunds?", f"# Who pays refunds?\n\n{IN_30}\n")
    finding = PairFinding.objects.get()
    assert finding.pairs == [[two[0].pk, two[1].pk], [two[0].pk, third.pk]]
    assert contradicted_articles() == {two[0].pk, two[1].pk, third.pk}
    article_archive(actor=writer, article=two[1])
    jobs.run_due()
    finding.refresh_from_db()
    assert (finding.pairs, finding.second, finding.gone_at) == ([[two[0].pk, third.pk]], third, None)


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_a_crash_between_ledger_and_findings_is_made_good_by_the_next_run(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live("refunds", "When can I get a refund?", f"# When can I get a refund?\n\n{IN_14}\n")

    def crash(*args: object, **kwargs: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("kb.findings.comparing.near_duplicates", crash)
        live("money-back", "How is money paid back?", f"# How is money paid back?\n\n{IN_30}\n")
        assert not PairFinding.objects.exists()
    assert compare().found == 1
    assert PairFinding.objects.open().count() == 1


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_a_crash_after_an_article_left_the_ledger_still_settles_its_findings(
    two: tuple[Article, Article], writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: object, **kwargs: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("kb.findings.comparing.near_duplicates", crash)
        article_archive(actor=writer, article=two[0])
        jobs.run_due()
    assert PairFinding.objects.open().count() == 1
    assert compare().gone == 1
    assert not PairFinding.objects.open().exists()


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_statements_of_an_older_text_that_a_slower_run_left_are_read_anew(
    two: tuple[Article, Article], writer: Actor
) -> None:
    older = edit(writer, two[0], "# Other words\n\nNothing of it holds any more.\n")
    ArticleClaim.objects.filter(article=two[0]).update(revision=older, sentence="Of another text.")
    assert compare().changed == 1
    claim = ArticleClaim.objects.get(article=two[0])
    assert (claim.sentence, claim.revision_id) == (IN_14, two[0].published_revision_id)
    assert compare().changed == 0


@pytest.mark.row("2.8", "2.10")
@pytest.mark.django_db
def test_a_draft_says_what_it_would_contradict_before_anybody_publishes_it(
    two: tuple[Article, Article], draft: Callable[..., Revision], writer: Actor
) -> None:
    said = IN_14.replace("14", "90")
    revision = draft("third", "Is there a refund?", f"# Is there a refund?\n\n{said}\n")
    assert sorted(pair.articles for pair in draft_conflicts(revision)) == [
        (two[0].pk, revision.article_id),
        (two[1].pk, revision.article_id),
    ]
    assert conflicts_of(revision) == [
        f"“{said}” here, “{other}” there (“{title}” and “Is there a refund?” differ in duration)."
        for title, other in (("When can I get a refund?", IN_14), ("How is money paid back?", IN_30))
    ]
    assert PairFinding.objects.count() == 1  # a draft makes no rows
    mended = edit(writer, two[1], f"# How is money paid back?\n\n{IN_14}\n")
    assert conflicts_of(mended) == []  # its own published words do not count


@pytest.mark.row("2.8")
@pytest.mark.django_db
def test_a_verdict_needs_a_person_with_the_right_and_a_reason_and_can_be_taken_back(
    two: tuple[Article, Article], writer: Actor, make_user: Callable[..., object]
) -> None:
    finding = PairFinding.objects.get()
    lines = Activity.objects.count()
    reader = Actor.of_user(make_user("rita", "kb.view_article"))  # type: ignore[arg-type]
    for actor, reason, error in (
        (reader, "fine", NotAllowed),
        (Actor.system("x"), "fine", NotAllowed),
        (writer, " ", InvalidInput),
        (writer, "x" * 501, InvalidInput),
    ):
        with pytest.raises(error):
            finding_dismiss(actor=actor, finding=finding, reason=reason)
    with pytest.raises(Conflict):
        finding_reopen(actor=writer, finding=finding)
    assert (Activity.objects.count(), PairFinding.objects.get().state) == (lines, "open")
    stale = PairFinding.objects.get()
    finding_dismiss(actor=writer, finding=finding, reason="Checked.")
    with pytest.raises(StaleTransition):
        finding_dismiss(actor=writer, finding=stale, reason="Me too.")
    finding_reopen(actor=writer, finding=finding)
    finding.refresh_from_db()
    assert (finding.state, finding.reason, finding.decided_by, finding.decided_at) == ("open", "", "", None)
    verbs = (
        Activity.objects.filter(target_type="kb.pairfinding").order_by("pk").values_list("verb", flat=True)
    )
    assert list(verbs) == ["finding.dismissed", "finding.reopened"]


@pytest.mark.django_db
def test_the_ledger_is_read_once_for_as_long_as_nothing_changes(
    two: tuple[Article, Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ledger.ledger_load(384)
    monkeypatch.setattr(ledger, "_read", lambda dimension: None)
    assert ledger.ledger_load(384) is kept
    assert kept.vectors.shape == (2, 384)
    assert np.allclose(np.linalg.norm(kept.vectors.astype(np.float32), axis=1), 1, atol=1e-3)
