"""The retrieval benchmark and the article files it reads."""

import json

import pytest

from kb.article_files import parse_article, read_articles
from kb.benchmark import ndcg, recall, reciprocal_rank, run
from tests.kb.words_encoder import WordsEncoder

CONTRACT_KEYS = {
    "ndcg_at_10",
    "recall_at_1",
    "recall_at_3",
    "recall_at_5",
    "mrr_at_10",
    "index_seconds",
    "p50_ms",
    "p95_ms",
    "n_articles",
    "n_queries",
}


@pytest.fixture
def data(tmp_path):
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "first.md").write_text("---\nid: 007\ntitle: Declined card\n---\n\nTry another card.")
    (articles / "second.md").write_text("# Team members\n\nInvite a colleague.")
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        '{"query": "card declined", "relevant": ["007"], "source": "a"}\n\n'
        '{"query": "invite colleague", "relevant": ["second"], "source": "b"}\n'
        '{"query": "invite colleague", "relevant": ["007"], "source": "b"}\n'
    )
    return articles, queries


def test_gains_are_discounted_by_rank():
    assert ndcg(["a", "b"], ["a"]) == 1
    assert ndcg(["b", "a"], ["a"]) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg(["b", "a", "c"], ["a", "c"]) == pytest.approx(0.6934, abs=1e-4)
    assert ndcg([], ["a"]) == 0
    assert recall(["b", "a"], ["a", "c"], depth=2) == 0.5
    assert reciprocal_rank(["b", "a"], ["a"]) == 0.5


@pytest.mark.parametrize("method", ["hybrid", "dense", "bm25"])
def test_the_result_has_the_agreed_keys_and_exact_ratios(data, method):
    result = run(*data, method=method, encoder=WordsEncoder())
    assert set(result) == CONTRACT_KEYS | {"ndcg_at_10_by_source"}
    assert (result["n_articles"], result["n_queries"]) == (2, 3)
    assert result["recall_at_1"] == pytest.approx(2 / 3, abs=1e-4)
    assert result["ndcg_at_10_by_source"]["a"] == 1.0
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "not json",
        '{"query": "x"}',
        '{"query": "x", "relevant": []}',
        '{"query": "x", "relevant": 3}',
        "[1]",
    ],
)
def test_a_malformed_query_file_is_refused(data, lines):
    articles, queries = data
    queries.write_text(lines)
    with pytest.raises(ValueError, match=r"queries\.jsonl"):
        run(articles, queries, encoder=WordsEncoder())


def test_an_empty_folder_and_an_unknown_method_are_refused(data, tmp_path):
    articles, queries = data
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no"):
        run(tmp_path / "empty", queries, encoder=WordsEncoder())
    with pytest.raises(ValueError, match="Unknown method"):
        run(articles, queries, method="magic", encoder=WordsEncoder())


@pytest.mark.row("2.18")
@pytest.mark.parametrize(
    ("text", "article_id", "title", "markdown"),
    [
        ("---\nid: 42\ntitle: A title\n---\n\nBody", "42", "A title", "Body"),
        ('\ufeff---\nid: "42"\ntitle: "A \\"b\\""\n---\nBody', "42", 'A "b"', "Body"),
        ("---\ntitle: Billing: how it works\nid: 9\n---\nBody", "9", "Billing: how it works", "Body"),
        ("---\r\nid: 1\r\ntitle: T\r\n---\r\nBody", "1", "T", "Body"),
        ("# From the heading\n\nBody", "file-name", "From the heading", "# From the heading\n\nBody"),
        ("Body", "file-name", "file name", "Body"),
        ("---\n\nBody after a rule", "file-name", "file name", "---\n\nBody after a rule"),
        ("---\n- a\n- list\n---\nBody", "file-name", "file name", "Body"),
        ("", "file-name", "file name", ""),
    ],
)
def test_front_matter_gives_id_and_title_as_text(text, article_id, title, markdown):
    article = parse_article(text, name="file-name")
    assert (article.article_id, article.title, article.markdown) == (article_id, title, markdown)


def test_files_are_read_in_order_and_bad_bytes_do_not_stop_it(tmp_path):
    (tmp_path / "b.md").write_bytes(b"caf\xe9")
    (tmp_path / "a.md").write_text("A")
    (tmp_path / "c.txt").write_text("no article")
    assert [(article.article_id, article.markdown) for article in read_articles(tmp_path)] == [
        ("a", "A"),
        ("b", "caf\ufffd"),
    ]
