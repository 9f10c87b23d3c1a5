"""The check of the knowledge base: each list finds what is planted, and says how much it looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from core import jobs
from core.actors import Actor
from core.errors import NotAllowed
from core.models import Job, User
from kb.audit.checks import CategoryQuestions, gaps, outdated
from kb.audit.running import audit_start
from kb.findings.published import PublishedText
from kb.models import Article, KnowledgeBaseAudit
from kb.selectors import audit_findings

TODAY = date(2026, 7, 1)
FRESH = datetime(2026, 6, 1, tzinfo=UTC)


def article(number: int, body: str, *, published_at: datetime = FRESH, **changes: object) -> PublishedText:
    given = {"title": f"Article {number}", "review_by": None, "facets": {}, **changes}
    return PublishedText(id=number, markdown=body, published_at=published_at, **given)


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
@pytest.mark.django_db
def test_the_check_runs_as_a_job_and_its_latest_findings_are_read_in_short(
    live: Callable[..., Article],
) -> None:
    live(
        "refunds",
        "Can I get a refund?",
        "# Refunds\n\nA refund can be asked for within 14 days of the payment.",
    )
    live(
        "money",
        "How is a refund paid?",
        "# Refunds\n\nA refund can be asked for within 30 days of the payment.",
    )
    assert audit_findings() == {}
    asked = [CategoryQuestions("Printers", 9, ("How do I connect a printer?",))]
    audit_start(actor=Actor.system("tests"), categories=asked)
    jobs.run_due()
    parts = audit_findings()["parts"]
    assert {part["kind"]: (part["count"], part["checked"]) for part in parts} == {
        "outdated": (0, "2 published articles were checked"),
        "gap": (1, "1 questions of 1 ticket categories were searched for"),
        "contradiction": (1, "2 statements in 2 articles were compared"),
        "near_duplicate": (1, "1 pairs of articles were checked"),
    }
    assert "findings" not in parts[0]
    (found,) = next(
        part for part in KnowledgeBaseAudit.objects.get().parts if part["kind"] == "contradiction"
    )["findings"]
    assert found["evidence"] == [
        "A refund can be asked for within 14 days of the payment.",
        "A refund can be asked for within 30 days of the payment.",
    ]


@pytest.mark.django_db
def test_who_may_not_change_articles_may_not_start_a_check() -> None:
    user = User.objects.create_user("kim", is_staff=True)
    with pytest.raises(NotAllowed):
        audit_start(actor=Actor.of_user(user), categories=[])
    assert (Job.objects.count(), KnowledgeBaseAudit.objects.count()) == (0, 0)
