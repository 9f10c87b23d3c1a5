"""Shorthand is written out by a table of plain terms."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.glossary import DEFAULT_GLOSSARY, DEFAULT_TERMS, EntryRefused, Expansion, Glossary


@pytest.mark.row("1.10")
@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("cx forgot pw", "customer forgot password"),
        ("Cx forgot PW.", "Customer forgot password."),
        ("FYI the acct is locked", "For your information the account is locked"),
        ("the ETA? n/a, pls call", "the estimated time of arrival? not applicable, please call"),
        ("PLS FIX THE ACCT NOW", "PLEASE FIX THE ACCOUNT NOW"),
        ("it fails w/o 2fa, works w/ it", "it fails without two-factor authentication, works with it"),
        ("the cx's pw (new)", "the customer's password (new)"),
        ("pw: hunter, “pw”", "password: hunter, “password”"),
        ("broke b/c of config", "broke because of configuration"),
        ("sso stays", "sso stays"),
        ("thx", "thanks"),
        ("", ""),
    ],
)
def test_terms_are_written_out(text, expanded):
    assert DEFAULT_GLOSSARY.expand(text).text == expanded


@pytest.mark.row("1.10")
@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/config?env=prod&pw=1",
        "www.example.com/auth",
        "auth@example.com or msg.prod@example.com",
        "run `config env` now",
        "```\nenv=prod\nconfig\n```",
        "author configs.yml pre-prod prod-2 env_name /etc/config config.yml #auth @cx $env env=1 auth/config",
        "excx cxx pws1",
        "un'auth",
        "auth'd",
    ],
)
def test_nothing_is_written_out_inside_addresses_code_or_longer_words(text):
    assert DEFAULT_GLOSSARY.expand(text).text == text


def test_masks_are_no_words():
    assert Glossary({"email": "mail address"}).expand("[email] email").text == "[email] mail address"


@pytest.mark.row("1.10")
def test_the_result_says_which_entries_fired_and_where():
    assert DEFAULT_GLOSSARY.expand("Pls reset pw").fired == (
        Expansion(0, 3, "pls", "Please"),
        Expansion(10, 12, "pw", "password"),
    )


@pytest.mark.row("1.10")
def test_the_longest_term_wins_and_terms_may_have_several_words():
    glossary = Glossary(
        {"po": "purchase order", "PO  box": "post office box", "mrr": "Monthly Recurring Revenue"}
    )
    assert (
        glossary.expand("PO box, po, mrr").text
        == "Post office box, purchase order, Monthly Recurring Revenue"
    )


def test_a_term_is_plain_text_and_never_a_pattern():
    glossary = Glossary({"a.c": "alpha", "x*": "many", "c++": "C plus plus", "(tm)": "trade mark"})
    assert glossary.expand("abc a.c xx x* c++ (tm)").text == "abc alpha xx many C plus plus trade mark"


def test_expansions_that_use_other_terms_are_followed():
    assert Glossary({"cx": "cust", "cust": "customer"}).expand("cx").text == "customer"


@pytest.mark.parametrize(
    ("entries", "code", "term"),
    [
        ([("", "x")], "empty", ""),
        ([("cx", " ")], "empty", "cx"),
        ([("a" * 61, "x")], "too_long", "a" * 61),
        ([("cx", "x" * 201)], "too_long", "cx"),
        ([("cx", "customer"), ("CX", "client")], "duplicate", "CX"),
        ([("auth", "auth service")], "circular", "auth"),
        ([("a", "b"), ("b", "c a")], "circular", "a"),
        ([(f"t{n}", f"t{n + 1} t{n + 1}") for n in range(40)], "circular", "t0"),
        ([(f"t{n}", "x") for n in range(5_001)], "too_many", ""),
    ],
)
def test_an_entry_that_cannot_work_is_refused_by_name(entries, code, term):
    with pytest.raises(EntryRefused) as refusal:
        Glossary(entries)
    assert (refusal.value.code, refusal.value.term) == (code, term)


def test_the_digest_tells_tables_apart_and_not_their_order():
    assert Glossary({"a": "x", "b": "y"}).digest == Glossary({"b": "y", "a": "x"}).digest
    assert Glossary({"a": "x"}).digest != Glossary({"a": "y"}).digest


@given(st.lists(st.one_of(st.sampled_from([*DEFAULT_TERMS, " ", ". ", "'s", "/", "`"]), st.text(max_size=4))))
def test_spans_explain_the_text_and_expanding_again_changes_nothing(pieces):
    text = "".join(pieces)
    result = DEFAULT_GLOSSARY.expand(text)
    end, rebuilt = 0, ""
    for fired in result.fired:
        assert end <= fired.start < fired.end
        assert text[fired.start : fired.end].lower() == fired.term
        rebuilt += text[end : fired.start] + fired.expansion
        end = fired.end
    assert rebuilt + text[end:] == result.text
    assert DEFAULT_GLOSSARY.expand(result.text).fired == ()


@pytest.mark.row("R15")
@pytest.mark.parametrize("piece", ["cx ", "cx", "w/", "`", "```", "http://", "a@", "[email] ", "x y "])
def test_a_table_of_1000_terms_and_a_text_of_100_kilobytes_take_no_longer_than_a_second(piece):
    glossary = Glossary({f"term {number}": "x" for number in range(999)} | {"cx": "customer"})
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    started = time.process_time()
    glossary.expand(text)
    assert time.process_time() - started < 10  # linear: takes about a second; quadratic would take minutes
