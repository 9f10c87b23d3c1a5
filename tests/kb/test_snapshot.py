"""The index in memory: what is found, what is not, and that nobody sees or feels what they may not read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.embedding import embed_chunks, index_article, pack, unpack
from kb.snapshot import Found, IndexSnapshot
from nlp.encoder import load_encoder
from tests.kb.help_centre import ARTICLES
from tests.kb.words_encoder import WordsEncoder

METHODS = ["hybrid", "dense", "bm25"]
WORDS = ["card", "invoice", "plan", "team", "key", "slack", "tax", "phone"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
SECTIONS = st.lists(TEXTS, min_size=1, max_size=3).map(
    lambda texts: "\n\n".join(f"## {text}\n\n{text}" for text in texts)
)
ARTICLE_SETS = st.dictionaries(st.integers(0, 30), st.tuples(TEXTS, SECTIONS), max_size=6)


def snapshot_of(articles, encoder=None):
    encoder = encoder or WordsEncoder()
    return IndexSnapshot.build(
        [index_article(key, 7, title, markdown, encoder) for key, (title, markdown) in articles.items()],
        encoder,
    )


def found_ids(snapshot, query, allowed=None, **options):
    allowed = snapshot.article_ids if allowed is None else allowed
    return [hit.article_id for hit in snapshot.search(query, allowed_articles=allowed, **options).hits]


@pytest.fixture(scope="module")
def help_centre():
    return snapshot_of(ARTICLES, load_encoder())


@pytest.mark.row("R55", "2.5")
@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=40, deadline=None)
@given(ARTICLE_SETS, st.sets(st.integers(0, 30)), TEXTS)
def test_articles_outside_the_audience_never_appear_and_change_no_score(method, articles, allowed, query):
    both = snapshot_of(articles).search(query, allowed_articles=allowed, limit=50, method=method)
    alone = snapshot_of({key: value for key, value in articles.items() if key in allowed}).search(
        query, allowed_articles=allowed, limit=50, method=method
    )
    assert {hit.article_id for hit in both.hits} <= allowed
    assert both == alone


@pytest.mark.row("R55")
def test_hidden_articles_change_no_score_with_the_real_encoder(help_centre):
    allowed = {"invoice", "payment", "2fa", "sso"}
    alone = snapshot_of({key: ARTICLES[key] for key in allowed}, load_encoder())
    for query in (
        "change my credit card",
        "SSO",
        "why is the tax on my invoice so high?",
        "refund annual plan",
    ):
        assert help_centre.search(query, allowed_articles=allowed) == alone.search(
            query, allowed_articles=allowed
        )


@pytest.mark.row("2.13")
@settings(max_examples=40, deadline=None)
@given(ARTICLE_SETS, st.integers(0, 30), st.one_of(st.none(), st.tuples(TEXTS, SECTIONS)), TEXTS)
def test_a_changed_snapshot_equals_one_built_anew(articles, key, new, query):
    encoder = WordsEncoder()
    before = snapshot_of(articles, encoder)
    expected = {other: value for other, value in articles.items() if other != key}
    if new is None:
        changed = before.remove(key)
    else:
        changed = before.replace(index_article(key, 7, *new, encoder))
        expected[key] = new
    anew = snapshot_of(expected, encoder)
    assert changed.article_ids == anew.article_ids
    for method in METHODS:
        assert changed.search(query, allowed_articles=expected, limit=50, method=method) == anew.search(
            query, allowed_articles=expected, limit=50, method=method
        )
    assert set(before.article_ids) == set(articles)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=40, deadline=None)
@given(ARTICLE_SETS, st.text(max_size=50), st.sets(st.integers(0, 30)))
def test_scores_are_ordered_numbers_from_zero_to_one(method, articles, query, boosted):
    snapshot = snapshot_of(articles)
    hits = snapshot.search(
        query, allowed_articles=articles, boosted_articles=boosted, limit=50, method=method
    ).hits
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert len({hit.article_id for hit in hits}) == len(hits)


@pytest.mark.row("R55", "2.5")
@settings(max_examples=40, deadline=None)
@given(ARTICLE_SETS, st.sets(st.integers(0, 30)), st.sampled_from(["crad", "invocie", "slak plan", "phoen"]))
def test_words_of_hidden_articles_correct_no_query(articles, allowed, query):
    both = snapshot_of(articles).search(query, allowed_articles=allowed, limit=50)
    alone = snapshot_of({key: value for key, value in articles.items() if key in allowed}).search(
        query, allowed_articles=allowed, limit=50
    )
    assert both == alone


@pytest.mark.parametrize(
    ("query", "article"),
    [
        ("pasword", "password"),
        ("invocie", "invoice"),
        ("conect slcak", "slack"),
        ("exprot my daat", "export"),
    ],
)
def test_a_misspelt_word_finds_its_article(help_centre, query, article):
    assert found_ids(help_centre, query)[0] == article
    assert found_ids(help_centre, query, method="bm25")[0] == article


def test_changes_one_by_one_leave_waste_and_compacting_changes_nothing():
    encoder = WordsEncoder()
    snapshot = snapshot_of({number: (word, f"## {word}\n\n{word}") for number, word in enumerate(WORDS)})
    snapshot.search("card", allowed_articles=[0], hint="tax")
    for number in (3, 5, 3):
        snapshot = snapshot.replace(index_article(number, 8, "card", f"## tax\n\n{number}", encoder))
    snapshot = snapshot.remove(1)
    compacted = snapshot.compacted()
    assert (snapshot.waste, compacted.waste) == (6 + 4, 0)  # sections apart, slots that are empty
    assert (snapshot.section_count, compacted.section_count) == (16 + 6, 14)
    assert compacted.article_ids == snapshot.article_ids
    for query in ("card", "tax", "invocie", "team phone"):
        options = {"allowed_articles": range(9), "limit": 50, "hint": "tax"}
        assert compacted.search(query, **options) == snapshot.search(query, **options)


def test_a_selection_made_once_serves_many_searches(help_centre):
    allowed = {"invoice", "payment", "2fa"}
    selection = help_centre.select(allowed)
    for query in ("change my card", "phone"):
        assert help_centre.search(query, allowed_articles=selection) == help_centre.search(
            query, allowed_articles=allowed
        )


@pytest.mark.row("2.14")
def test_a_hit_names_article_revision_anchor_and_a_verbatim_quote(help_centre):
    hit = help_centre.search("my card was declined", allowed_articles=help_centre.article_ids).hits[0]
    assert (hit.article_id, hit.revision_id, hit.title) == (
        "payment",
        7,
        "How do I change my payment method?",
    )
    assert (hit.chunk.heading_path, hit.chunk.anchor) == (("Failed payments",), "failed-payments")
    assert hit.chunk.quote == "We retry a declined card three times over seven days."


@pytest.mark.parametrize(
    ("query", "article"),
    [
        ("lost my phone with the authenticator", "2fa"),
        ("2FA", "2fa"),
        ("okta single sign on", "sso"),
        ("I forgot my password", "password"),
        ("add a colleague to the team", "invite"),
        ("download everything as csv", "export"),
        ("rate limit", "api"),
    ],
)
def test_a_plain_question_finds_its_article(help_centre, query, article):
    assert found_ids(help_centre, query)[0] == article


@pytest.mark.row("2.7")
@pytest.mark.parametrize(
    "query",
    [
        "I have a question about my invoice",
        "help",
        "how do I change this?",
        "what does this mean?",
        "settings",
    ],
)
def test_a_vague_question_on_a_page_finds_the_articles_of_that_page(help_centre, query):
    assert found_ids(help_centre, query, boosted_articles={"invoice"})[0] == "invoice"


@pytest.mark.row("2.7")
@pytest.mark.parametrize("query", ["how do I change this?", "help", "settings"])
def test_without_the_page_the_same_question_does_not(help_centre, query):
    assert found_ids(help_centre, query)[:1] != ["invoice"]


@pytest.mark.row("2.7")
@pytest.mark.parametrize(
    ("query", "article"),
    [
        ("how do I set up 2FA", "2fa"),
        ("connect slack", "slack"),
        ("reset password", "password"),
        ("invite a team member", "invite"),
        ("create an API key", "api"),
    ],
)
def test_a_question_about_something_else_still_wins_on_that_page(help_centre, query, article):
    assert found_ids(help_centre, query, boosted_articles={"invoice", "payment"})[0] == article


@pytest.mark.row("2.7", "2.5")
def test_the_page_does_not_open_what_the_audience_closes(help_centre):
    assert "invoice" not in found_ids(help_centre, "help", allowed={"slack"}, boosted_articles={"invoice"})


@pytest.mark.row("2.6")
@pytest.mark.parametrize(
    ("query", "article", "text"),
    [
        ("can I get a refund for my annual plan", "invoice", "- Refunds for annual plans"),
        ("I bought it through the app store", "invoice", "- Purchases made through the App Store"),
        ("can we pay by bank transfer", "payment", "* Paying by bank transfer or purchase order"),
        (
            "reset two-factor authentication for a colleague",
            "2fa",
            "- Resetting two-factor authentication for another person",
        ),
        ("export a deleted project", "export", "- Exporting deleted projects"),
    ],
)
def test_a_question_that_an_article_excludes_names_the_exclusion(help_centre, query, article, text):
    exclusion = help_centre.search(query, allowed_articles=help_centre.article_ids).exclusion
    assert (exclusion.article_id, exclusion.chunk.quote) == (article, text)


@pytest.mark.row("2.6")
@pytest.mark.parametrize(
    "query",
    [
        "how do I read my invoice",
        "change payment method",
        "set up 2FA",
        "export my data",
        "weather in Paris",
        "help",
    ],
)
def test_a_question_that_is_answered_or_foreign_meets_no_exclusion(help_centre, query):
    assert help_centre.search(query, allowed_articles=help_centre.article_ids).exclusion is None


@pytest.mark.row("2.6", "2.5")
def test_an_exclusion_of_an_article_outside_the_audience_stays_unseen(help_centre):
    allowed = set(ARTICLES) - {"invoice"}
    found = help_centre.search("can I get a refund for my annual plan", allowed_articles=allowed)
    assert found.exclusion is None


@pytest.mark.row("2.6")
def test_an_exclusion_is_never_given_as_an_answer(help_centre):
    for query in ("refunds for annual plans", "exporting deleted projects", "bank transfer"):
        for hit in help_centre.search(query, allowed_articles=help_centre.article_ids, limit=50).hits:
            assert hit.chunk.kind == "answer"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("query", ["", "   ", "😀👍", "?!…", "\x00", "\ud83d", "how do I do this"])
def test_a_query_without_words_finds_nothing(query, method):
    assert snapshot_of({1: ("card", "card")}).search(query, allowed_articles=[1], method=method) == Found()


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_index_an_empty_audience_and_a_single_article_are_no_special_cases(method):
    assert snapshot_of({}).search("card", allowed_articles=[1], method=method) == Found()
    one = snapshot_of({1: ("card", "card")})
    assert one.search("card", allowed_articles=[], method=method) == Found()
    assert found_ids(one, "card", method=method) == [1]
    assert one.remove(1).search("card", allowed_articles=[1], method=method) == Found()


def test_an_endless_query_is_cut_and_answered(help_centre):
    assert found_ids(help_centre, "connect slack " * 20_000)[0] == "slack"


def test_the_number_of_hits_is_bounded(help_centre):
    assert len(found_ids(help_centre, "open settings", limit=3)) == 3
    assert len(found_ids(help_centre, "open settings", limit=0)) == 1


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="Unknown method 'magic'"):
        snapshot_of({1: ("card", "card")}).search("card", allowed_articles=[1], method="magic")


@pytest.mark.row("2.13")
def test_only_changed_chunks_are_encoded_again():
    encoder = WordsEncoder()
    old = index_article(1, 7, "Plan", "## One\n\nfirst\n\n## Two\n\nsecond", encoder)
    new = index_article(1, 8, "Plan", "## One\n\nfirst\n\n## Two\n\nsecond, corrected", WordsEncoder())
    known = {item.text_hash: vector for item, vector in zip(old.chunks, old.vectors, strict=True)}
    encoder.encoded.clear()
    vectors = embed_chunks(new.chunks, encoder, known)
    assert encoder.encoded == ["Plan. Two. second, corrected"]
    assert np.array_equal(vectors, new.vectors)


def test_packed_vectors_come_back_exactly():
    vectors = index_article(1, 7, "Plan", "text", WordsEncoder()).vectors
    assert np.array_equal(unpack(pack(vectors), WordsEncoder.dimension), vectors)
    with pytest.raises(ValueError, match="cannot reshape"):
        unpack(pack(vectors)[:-2], WordsEncoder.dimension)


@pytest.mark.row("2.6")
def test_what_an_article_excludes_adds_nothing_to_its_score():
    answer = "Choose a plan.\n"
    plain = snapshot_of({1: ("Plans", answer), 2: ("Taxes", "The tax rate.")})
    limited = snapshot_of(
        {1: ("Plans", answer + "\n## Not covered\n\n- refund\n"), 2: ("Taxes", "The tax rate.")}
    )
    for method in METHODS:
        for query in ("refund", "plan refund", "choose a tax"):
            hits = plain.search(query, allowed_articles=[1, 2], method=method).hits
            assert limited.search(query, allowed_articles=[1, 2], method=method).hits == hits


@pytest.mark.row("2.7", "2.5")
def test_a_page_whose_articles_are_closed_to_the_reader_counts_as_no_page():
    snapshot = snapshot_of({1: ("card", "card"), 2: ("tax", "tax")})
    assert snapshot.search("how do I do this", allowed_articles=[1], boosted_articles=[2]) == Found()
    assert snapshot.search("how do I do this", allowed_articles=[1], boosted_articles=[1]) != Found()


@pytest.mark.row("2.6")
def test_an_exclusion_that_names_another_article_is_a_signpost():
    query = "refund for a reseller purchase"
    articles = {1: ("Plans", "Choose a plan.\n\n## Not covered\n\n- Refund for a reseller purchase\n")}
    assert snapshot_of(articles).search(query, allowed_articles=[1]).exclusion is not None
    articles[1] = (
        "Plans",
        "Choose a plan.\n\n## Not covered\n\n- Refund for a reseller purchase: [Refunds](kb:refunds)\n",
    )
    assert snapshot_of(articles).search(query, allowed_articles=[1]).exclusion is None


def test_a_hint_decides_between_close_articles(help_centre):
    query = "security of our accounts"
    assert found_ids(help_centre, query)[0] == "sso"
    assert found_ids(help_centre, query, hint="Two-factor authentication")[0] == "2fa"


def test_a_hint_does_not_overrule_a_clear_match(help_centre):
    assert found_ids(help_centre, "connect slack", hint="Single sign-on")[0] == "slack"


@pytest.mark.parametrize("method", METHODS)
def test_without_a_hint_nothing_changes_even_after_one(help_centre, method):
    options = {"allowed_articles": help_centre.article_ids, "method": method}
    before = help_centre.search("where is the tax", **options)
    help_centre.search("where is the tax", hint="Single sign-on", **options)
    assert help_centre.search("where is the tax", **options) == before


@pytest.mark.row("R55", "2.5")
@settings(max_examples=40, deadline=None)
@given(ARTICLE_SETS, st.sets(st.integers(0, 30)), TEXTS, TEXTS)
def test_a_hint_opens_nothing_and_brings_up_nothing_hidden(articles, allowed, query, hint):
    both = snapshot_of(articles).search(query, allowed_articles=allowed, limit=50, hint=hint)
    alone = snapshot_of({key: value for key, value in articles.items() if key in allowed}).search(
        query, allowed_articles=allowed, limit=50, hint=hint
    )
    assert both == alone


def test_a_hint_is_encoded_once():
    encoder = WordsEncoder()
    snapshot = snapshot_of({1: ("card", "card"), 2: ("tax", "tax")}, encoder)
    for query in ("card", "tax"):
        snapshot.search(query, allowed_articles=[1, 2], hint="invoice")
    assert encoder.encoded.count("invoice") == 1
