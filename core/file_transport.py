"""A Celery broker in a folder that loses no message: kombu's file transport with atomic writes and reads.

Kombu's own ``filesystem`` transport writes a message in place, so a reader can take a file that is still
being written, and moves it through the system's temporary folder, where two readers can meet. Here a message
is written under a temporary name, flushed to disk and renamed into the queue; a reader renames it to its
own name before it reads. The table of queues is read and written under one lock.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """A channel whose messages appear in the queue folder complete or not at all."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time_ns()}_{uuid.uuid4()}"
        partial, final = folder / f"{name}.partial", folder / f"{name}.{queue}.msg"
        try:
            with partial.open("wb") as stream:
                stream.write(str_to_bytes(dumps(payload)))
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, final)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise ChannelError(f"Cannot write {final}: {error}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder, ending = Path(self.data_folder_in), f".{queue}.msg"
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != ending[1:]:
                continue
            mine = folder / f"{name}.{uuid.uuid4()}.taken"
            try:
                os.replace(folder / name, mine)
            except FileNotFoundError:
                continue  # another reader was faster
            message = mine.read_bytes()
            mine.unlink()
            return loads(bytes_to_str(message))
        raise Empty

    def _queue_bind(self, *args: Any) -> None:
        with self._table_locked():
            super()._queue_bind(*args)

    def get_table(self, exchange: str) -> Any:
        with self._table_locked():
            return super().get_table(exchange)

    @contextmanager
    def _table_locked(self) -> Iterator[None]:
        with (self.control_folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """The transport behind ``safefile://``."""

    Channel = Channel
