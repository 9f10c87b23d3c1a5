"""Calls that wait for each other are done as one."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from nlp.combining import Combiner


@pytest.mark.row("7.8")
def test_calls_that_come_while_one_is_at_work_are_done_in_one_batch() -> None:
    batches: list[list[int]] = []
    entered, go = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        entered.set()
        go.wait(5)
        return [item * 10 for item in items]

    combiner: Combiner[int, int] = Combiner(work)
    results: dict[int, Sequence[int]] = {}

    def call(number: int) -> None:
        results[number] = combiner([number, number + 1])

    first = threading.Thread(target=call, args=(0,))
    first.start()
    assert entered.wait(5)
    others = [threading.Thread(target=call, args=(number,)) for number in (10, 20, 30)]
    for thread in others:
        thread.start()
    while len(combiner._waiting) < 3:
        pass
    go.set()
    for thread in (first, *others):
        thread.join(5)
    assert batches[0] == [0, 1]
    assert sorted(batches[1]) == [10, 11, 20, 21, 30, 31]
    assert len(batches) == 2
    assert results == {number: [number * 10, number * 10 + 10] for number in (0, 10, 20, 30)}


def test_an_error_reaches_every_call_of_its_batch_and_no_later_one() -> None:
    def work(items: Sequence[int]) -> list[int]:
        return [1 // item for item in items]

    combiner: Combiner[int, int] = Combiner(work)
    with pytest.raises(ZeroDivisionError):
        combiner([0])
    assert combiner([1]) == [1]
