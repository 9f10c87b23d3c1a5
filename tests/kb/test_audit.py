"""The check of the knowledge base: each list finds what is planted, and says how much it looked at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from core import jobs
from core.actors import Actor
from core.errors import NotAllowed
from core.models import Job, User
from kb.audit.checks import AuditedArticle, CategoryQuestions, contradictions, gaps, near_duplicates, outdated
from kb.audit.running import audit_start
from kb.models import KnowledgeBaseAudit
from kb.selectors import audit_findings
from tests.tickets.audited import WordsEncoder

TODAY = date(2026, 7, 1)
FRESH = datetime(2026, 6, 1, tzinfo=UTC)
encode = WordsEncoder().encode


def article(number: int, body: str, *, published_at: datetime = FRESH, **changes: object) -> AuditedArticle:
    given = {"title": f"Article {number}", "review_by": None, "facets": {}, **changes}
    return AuditedArticle(id=number, markdown=body, published_at=published_at, **given)


REFUND_14 = article(1, "# Refunds\n\nIn short, a refund can be asked for within 14 days of the payment.\n")
REFUND_30 = article(2, "# Money back\n\nA refund can be asked for within 30 days of the payment.\n")


@pytest.mark.row("1.9")
def test_different_numbers_of_the_same_thing_contradict_each_other_with_both_sentences() -> None:
    found = contradictions([REFUND_14, REFUND_30], encode)
    assert [finding.articles for finding in found.findings] == [(1, 2)]
    assert found.findings[0].evidence == (
        "In short, a refund can be asked for within 14 days of the payment.",
        "A refund can be asked for within 30 days of the payment.",
    )
    assert found.findings[0].text == "“Article 1” and “Article 2” differ in duration"
    assert found.checked == "2 statements in 2 articles were compared"


@pytest.mark.row("1.9")
@pytest.mark.parametrize(
    "other",
    [
        article(2, "A refund can be asked for within 14 days of the payment."),
        article(2, "A refund can be asked for within fourteen days of the payment."),
        article(2, "An export is kept for 30 days on the server."),
        article(2, "A refund of the payment costs $30."),
    ],
)
def test_the_same_number_or_another_thing_is_no_contradiction(other: AuditedArticle) -> None:
    assert contradictions([REFUND_14, other], encode).findings == ()


@pytest.mark.row("1.9")
def test_articles_that_nobody_can_see_both_of_do_not_contradict_each_other() -> None:
    def tier(number: int, body: str, *tiers: str) -> AuditedArticle:
        return article(number, body, facets={"tier": frozenset(tiers)})

    apart = [tier(1, REFUND_14.markdown, "starter"), tier(2, REFUND_30.markdown, "team")]
    assert contradictions(apart, encode).findings == ()
    shared = [tier(1, REFUND_14.markdown, "starter", "team"), tier(2, REFUND_30.markdown, "team")]
    assert len(contradictions(shared, encode).findings) == 1


@pytest.mark.row("1.9")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"review_by": TODAY}, "was to be reviewed by 2026-07-01"),
        ({"published_at": datetime(2025, 1, 1, tzinfo=UTC)}, "has not been touched since 2025-01-01"),
        ({"markdown": "The old plan is sold until 31 March 2025."}, "names a day that is over"),
    ],
)
def test_outdated_articles_are_found_with_the_reason(changes: dict[str, object], why: str) -> None:
    given = {"markdown": "Text.", "published_at": FRESH, **changes}
    found = outdated([article(1, str(given.pop("markdown")), **given)], TODAY)
    assert [finding.text for finding in found.findings] == [f"“Article 1” {why}"]


@pytest.mark.row("1.9")
def test_an_article_in_order_is_in_no_list_and_the_lists_say_how_much_was_checked() -> None:
    later = TODAY + timedelta(days=1)
    fine = article(
        1, "Sold until 31 March 2027.", published_at=datetime(2020, 1, 1, tzinfo=UTC), review_by=later
    )
    assert outdated([fine], TODAY).findings == ()
    assert outdated([fine], TODAY).checked == "1 published articles were checked"
    assert contradictions([], encode).checked == "0 statements in 0 articles were compared"
    assert near_duplicates([], encode).checked == "0 pairs of articles were checked, 0 of them word by word"


@pytest.mark.row("1.9", "2.9")
def test_a_copy_with_a_tenth_of_its_words_changed_is_a_near_duplicate_and_another_article_is_not() -> None:
    words = [f"word{n}" for n in range(100)]
    copy = [word if n % 10 else f"other{n}" for n, word in enumerate(words)]
    rest = [f"else{n}" for n in range(100)]
    articles = [article(n, " ".join(text)) for n, text in enumerate((words, copy, rest), start=1)]
    found = near_duplicates(articles, encode)
    assert [finding.articles for finding in found.findings] == [(1, 2)]
    assert found.findings[0].text == "“Article 1” and “Article 2” are 90 % the same text"


@pytest.mark.row("1.9")
def test_a_category_is_a_gap_where_fewer_than_half_of_its_questions_are_answered() -> None:
    asked = [
        CategoryQuestions("Refunds", 90, ("a", "b", "c", "d")),
        CategoryQuestions("Printers", 40, ("a", "x", "y", "z")),
        CategoryQuestions("Silent", 5, ()),
    ]
    found = gaps(asked, lambda question: (0.9, "Refunds") if question in "ab" else (0.1, "Nothing near"))
    assert [finding.text for finding in found.findings] == [
        "“Printers” (40 tickets): 1 of 4 typical questions are answered; the nearest article is “Refunds”"
    ]
    assert found.findings[0].evidence == ("x", "y", "z")
    assert found.checked == "8 questions of 3 ticket categories were searched for"


@pytest.mark.row("1.9")
@pytest.mark.django_db(transaction=True)
def test_the_check_runs_as_a_job_and_its_latest_findings_are_read_in_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kb.audit import running  # noqa: PLC0415 - patched below

    monkeypatch.setattr(running, "_articles", lambda: [REFUND_14, REFUND_30])
    monkeypatch.setattr(running, "encoder", WordsEncoder)
    monkeypatch.setattr(running, "_best", lambda index, question: (0.0, "none"))
    assert audit_findings() == {}
    asked = [CategoryQuestions("Refunds", 9, ("How?",))]
    audit_start(actor=Actor.system("tests"), categories=asked)
    jobs.run_due()
    counts = {part["kind"]: part["count"] for part in audit_findings()["parts"]}
    assert counts == {"outdated": 0, "gap": 1, "contradiction": 1, "near_duplicate": 0}
    assert "findings" not in audit_findings()["parts"][0]


@pytest.mark.django_db
def test_who_may_not_change_articles_may_not_start_a_check() -> None:
    user = User.objects.create_user("kim", is_staff=True)
    with pytest.raises(NotAllowed):
        audit_start(actor=Actor.of_user(user), categories=[])
    assert (Job.objects.count(), KnowledgeBaseAudit.objects.count()) == (0, 0)


def test_no_articles_make_no_findings() -> None:
    assert near_duplicates([], lambda texts: np.zeros((0, 3))).findings == ()
