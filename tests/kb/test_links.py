"""Links between articles, as addresses and as words."""

import pytest

from kb.links import names_article, resolve


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("See [My invoices](kb:find-invoices).", "See [My invoices](/a/find-invoices)."),
        ("See [Lines](kb:find-invoices#lines).", "See [Lines](/a/find-invoices#lines)."),
        ("See [a [b]](kb:find-invoices).", "See [a [b]](/a/find-invoices)."),
        ("See [elsewhere](https://x.example).", "See [elsewhere](https://x.example)."),
    ],
)
def test_a_link_points_to_the_address_of_its_article(markdown, expected):
    assert resolve(markdown, lambda slug: f"/a/{slug}") == expected


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [("See [My invoices](kb:find-invoices#x).", "See My invoices."), ("[a [b]](kb:c)", "[a [b]]")],
)
def test_a_link_without_an_address_becomes_words(markdown, expected):
    assert resolve(markdown, lambda slug: "") == expected


@pytest.mark.row("2.6")
def test_only_a_link_to_an_article_names_one():
    assert names_article("- Refunds: [Refunds](kb:refund-policy)")
    assert not names_article("- Refunds, see [the law](https://law.example/kb:refund)")
