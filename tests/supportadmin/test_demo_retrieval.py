"""What the demo help centre answers and what it says that it does not cover, through the real encoder."""

from __future__ import annotations

import pytest

from kb.access import KINDS, Facets, facets, is_visible
from kb.article_files import ArticleFile
from kb.contracts import Audience
from kb.embedding import index_article
from kb.snapshot import Found, IndexSnapshot
from nlp.encoder import load_encoder
from supportadmin.demo.content import read_articles, read_intents, read_test_questions

ADMIN = Audience("admin", "team")
ADMIN_ENTERPRISE = Audience("admin", "enterprise")
DEVELOPER = Audience("developer", "team", "api")

# What an article excludes without naming another that covers it: the words the exclusion begins with.
EXCLUDED = [
    ("which ledger accounts are the right ones for my business?", ADMIN, "Which accounts are right"),
    ("Can you review the code of our API client?", ADMIN, "Reviewing your code"),
    ("do you give a discount to charities?", ADMIN, "Discounts for charities"),
    ("We are a school, is there a discount for education?", ADMIN, "Discounts for charities"),
    ("can I add custom fields to suppliers?", ADMIN, "Fields on people"),
    ("is there an on-premise edition we can host on our own servers?", ADMIN, "Storage on your own"),
    ("are we legally obliged to delete this person's record?", ADMIN, "Whether your company must"),
    ("please tell me the full number of the card you have stored", ADMIN, "Card details themselves"),
    ("can I import past stock movements from our old system?", ADMIN, "Importing past stock movements"),
    ("one statement of account for several workspaces together", ADMIN, "Statements of account"),
    ("how do I wipe my stolen phone remotely?", ADMIN, "Wiping the stolen phone"),
    ("can I print labels from my phone?", ADMIN, "Printing labels"),
    ("can you advise us how to design our warehouse layout?", ADMIN, "Designing your warehouse"),
    ("We bought Larkstow through a reseller, who refunds us?", ADMIN, "Purchases through a reseller"),
    ("block the laptop and company email of someone who left", ADMIN, "Blocking the person's"),
    ("I found a security hole, where do I report the vulnerability?", ADMIN, "Security holes"),
    ("can we connect Power BI directly?", ADMIN, "Connecting Power BI"),
    ("is there a Tableau connector?", ADMIN, "Connecting Power BI"),
    ("deliver the export to Google Drive or Dropbox", ADMIN, "Delivery to Google Drive"),
    ("do you support LDAP or OpenID Connect?", ADMIN_ENTERPRISE, "OpenID Connect and LDAP"),
    ("will you build a custom feature for us if we pay for the development?", ADMIN, "Paid custom"),
    ("how long until the fault is repaired?", ADMIN, "Time until a fault"),
    ("who can help me with my tax return?", ADMIN, "Tax rates you store"),
    ("Slack itself has an outage, what now?", ADMIN, "Disturbances at Slack"),
    ("can we run a load test in the sandbox?", ADMIN_ENTERPRISE, "Load tests"),
    ("the owner has left the company and nobody can hand over the role", ADMIN, "An Owner who has left"),
    ("my company password at the identity provider is wrong, can you change it?", ADMIN, "Company passwords"),
    ("Who renews the TLS certificate of the server that receives the webhooks?", DEVELOPER, "Running the"),
]


class HelpCentre:
    """The demo's articles with the real encoder, asked as an audience."""

    def __init__(self) -> None:
        files = read_articles()
        encoder = load_encoder()
        self.snapshot = IndexSnapshot.build(
            [index_article(file.article_id, None, file.title, file.markdown, encoder) for file in files],
            encoder,
        )
        self.facets = {file.article_id: _facets(file) for file in files}

    def ask(self, query: str, audience: Audience, hint: str = "") -> Found[str]:
        allowed = {key for key, value in self.facets.items() if is_visible(value, audience)}
        return self.snapshot.search(query, allowed_articles=allowed, hint=hint)

    def found(self, query: str, hint: str = "") -> list[str]:
        return [hit.article_id for hit in self.ask(query, ADMIN, hint).hits]


def _facets(file: ArticleFile) -> Facets:
    audience = file.metadata["audience"]
    values = {(kind, value) for kind in KINDS for value in audience.get(f"{kind}s", ())}
    return facets(audience.get("everyone") == "true", values)


@pytest.fixture(scope="module")
def demo() -> HelpCentre:
    return HelpCentre()


@pytest.mark.row("2.6")
def test_nothing_that_is_answered_or_foreign_counts_as_excluded(demo: HelpCentre) -> None:
    questions = read_test_questions()
    asked = [
        (text, Audience(**entry["audience"]))
        for entry in questions["articles"]
        for text in entry["questions"]
    ]
    asked += [(row["text"], ADMIN) for row in questions["utterances"]]
    assert len(asked) == 230
    assert [text for text, audience in asked if demo.ask(text, audience).exclusion] == []


@pytest.mark.row("2.6")
def test_three_quarters_of_what_is_excluded_are_known_to_be_and_none_by_another_exclusion(
    demo: HelpCentre,
) -> None:
    hits = 0
    for query, audience, beginning in EXCLUDED:
        exclusion = demo.ask(query, audience).exclusion
        if exclusion is not None:
            assert exclusion.chunk.quote.startswith(f"- {beginning}"), query
            hits += 1
    assert hits / len(EXCLUDED) >= 0.75


@pytest.mark.row("3.18")
@pytest.mark.parametrize(
    ("query", "intent", "article"),
    [
        ("upgrade us to team please", "plan_change", "change-plan"),
        ("is batch tracking coming at some point", "feature_request", "suggest-feature"),
    ],
)
def test_the_intent_brings_up_what_the_words_alone_do_not(
    demo: HelpCentre, query: str, intent: str, article: str
) -> None:
    label = next(row["label"] for row in read_intents() if row["slug"] == intent)
    assert demo.found(query)[0] != article
    assert demo.found(query, label)[0] == article


@pytest.mark.row("3.18")
def test_with_the_right_intent_more_of_the_held_out_messages_find_their_article(demo: HelpCentre) -> None:
    labels = {row["slug"]: row["label"] for row in read_intents()}
    rows = [row for row in read_test_questions()["utterances"] if row["intent"] and row["articles"]]
    plain = sum(demo.found(row["text"])[0] in row["articles"] for row in rows)
    told = sum(demo.found(row["text"], labels[row["intent"]])[0] in row["articles"] for row in rows)
    assert len(rows) == 81
    assert (plain, told) == (55, 66)


def test_every_held_out_message_names_articles_that_exist() -> None:
    known = {file.article_id for file in read_articles()}
    for row in read_test_questions()["utterances"]:
        assert set(row.get("articles", ())) <= known
        assert ("articles" in row) is (row["intent"] is not None)
