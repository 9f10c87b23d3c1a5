"""The broker in a folder: no message is lost, none is read twice, whoever reads and writes at once."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

WRITERS, READERS, MESSAGES = 3, 3, 100


def connect(folder: Path) -> Connection:
    options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
    }
    return Connection(transport="core.file_transport:Transport", transport_options=options)


def write(folder: Path, writer: int) -> None:
    with connect(folder) as connection, connection.SimpleQueue("work") as queue:
        for n in range(MESSAGES):
            queue.put({"id": f"{writer}-{n}", "padding": "x" * 20_000})


def read(folder: Path, results: multiprocessing.Queue[list[str]]) -> None:
    seen = []
    with connect(folder) as connection, connection.SimpleQueue("work") as queue:
        while True:
            try:
                message = queue.get(timeout=3)
            except Empty:
                break
            seen.append(message.payload["id"])
            message.ack()
    results.put(seen)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "queue").mkdir()
    (tmp_path / "control").mkdir()
    return tmp_path


@pytest.mark.row("R31")
def test_parallel_writers_and_readers_lose_and_repeat_nothing(folder: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    readers = [spawn.Process(target=read, args=(folder, results)) for _ in range(READERS)]
    writers = [spawn.Process(target=write, args=(folder, n)) for n in range(WRITERS)]
    for process in [*readers, *writers]:
        process.start()
    seen = [message for _ in readers for message in results.get(timeout=90)]
    for process in [*readers, *writers]:
        process.join()
    assert sorted(seen) == sorted(f"{w}-{n}" for w in range(WRITERS) for n in range(MESSAGES))
    assert list((folder / "queue").iterdir()) == []


def test_messages_come_in_the_order_they_were_sent(folder: Path) -> None:
    with connect(folder) as connection, connection.SimpleQueue("work") as queue:
        for n in range(20):
            queue.put(n)
        assert [queue.get(timeout=1).payload for _ in range(20)] == list(range(20))
        assert queue.qsize() == 0


def test_what_is_still_being_written_is_not_read(folder: Path) -> None:
    (folder / "queue" / "1_a.partial").write_text("{")
    with connect(folder) as connection, connection.SimpleQueue("work") as queue, pytest.raises(Empty):
        queue.get(timeout=0.1)
