"""Canned texts are the sentences that come again in many tickets."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.macros import Counter, Macros, normalised

CANNED = (
    "Hi {name}, thank you for contacting ACME. We have received your request #{number} and will reply soon."
)
NAMES = ["Anna", "Max Muster", "José", "Mary-Ann", "Li", "Olga", "Tom"]


def ticket(number, own):
    return [f"{CANNED.format(name=NAMES[number % 7], number=4_000 + number)}\n\n{own}\n\nKind regards\nBob"]


def counted(tickets, **options):
    counter = Counter(**options)
    for messages in tickets:
        counter.add_ticket(messages)
    return counter


@pytest.mark.row("1.10")
def test_a_canned_text_is_found_whatever_name_or_number_it_carries():
    own = [
        f"Please open the {word} page and press save." for word in ("red", "blue", "green", "black", "white")
    ]
    macros = counted([ticket(n, text) for n, text in enumerate(own)]).macros(least_tickets=5)
    message = ticket(5, "Your parcel left the depot this morning.")[0]
    (span,) = macros.find(message)
    assert message[span.start : span.end] == CANNED.format(name="Olga", number=4005)
    assert span.tickets == 5
    assert macros.without(message) == "Your parcel left the depot this morning.\n\nKind regards\nBob"


@pytest.mark.row("1.10")
def test_a_sentence_below_the_threshold_is_no_macro():
    counter = counted([ticket(n, f"Text {n}") for n in range(4)])
    assert counter.macros(least_tickets=5).tickets == {}
    assert len(counter.macros(least_tickets=4).tickets) == 2


@pytest.mark.row("1.10")
def test_repeating_oneself_within_one_ticket_counts_once():
    counter = counted([["We are looking into this for you."] * 50])
    assert list(counter.macros(least_tickets=1).tickets.values()) == [1]
    assert counter.macros(least_tickets=2).tickets == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hi Anna, your order is on its way", "Hello Max,  your order is on its way!"),
        ("Order 123 was refunded on 3 May 2024", "order A-77 was refunded on 17 May 2023."),
        ("My name is Peter and I help you", "My name is Mary Ann and I help you"),
        ("Thank you Anna for the details", "Thank you Max Muster for the details"),
        ("Write to jane@example.com today", "Write to [email] today"),
        ("See https://example.com/a for more", "See https://example.com/b for more"),
        ("Dear {{ticket.requester}}, it is done now", "Dear Anna, it is done now"),
    ],
)
def test_names_numbers_and_greetings_make_no_difference(one, other):
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Click Settings and choose Billing", "Click Settings and choose Users"),
        ("Your order was shipped today", "Your order was cancelled today"),
    ],
)
def test_other_words_make_another_sentence(one, other):
    assert normalised(one) != normalised(other)


@pytest.mark.row("1.10")
def test_memory_is_bounded_and_a_frequent_sentence_survives():
    canned = "We are very sorry for the trouble."
    counter = counted(
        [[canned, f"Word{chr(97 + n % 26)}{'x' * (n // 26)} goes to the other place."] for n in range(2_000)],
        capacity=100,
    )
    assert len(counter.macros(least_tickets=1).tickets) <= 100
    (count,) = counter.macros(least_tickets=500).tickets.values()
    assert 2_000 - counter.missed_at_most <= count <= 2_000


def test_a_message_that_is_all_macro_leaves_nothing():
    macros = counted([["We have closed this ticket now."]] * 3).macros(least_tickets=3)
    assert macros.without("We have closed this ticket now.") == ""
    assert Macros({}).without("We have closed this ticket now.") == "We have closed this ticket now."


@given(st.lists(st.lists(st.text(max_size=60), max_size=4), max_size=8))
def test_spans_are_in_order_and_inside_the_message(tickets):
    macros = counted(tickets).macros(least_tickets=1)
    for message in (text for messages in tickets for text in messages):
        end = 0
        for span in macros.find(message):
            assert end <= span.start < span.end <= len(message)
            end = span.end


@pytest.mark.row("R15")
@pytest.mark.parametrize("piece", ["a", "a ", "a. ", "\n", "1", "a@", "[a", "{{a", "thanks Anna ", "http://"])
def test_a_hostile_message_of_100_kilobytes_takes_no_longer_than_a_second(piece):
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    started = time.process_time()
    Counter().add_ticket([text])
    assert time.process_time() - started < 10  # linear: takes about a second; quadratic would take minutes
