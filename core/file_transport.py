"""A Celery broker in a folder that loses no message: kombu's file transport with atomic writes.

Kombu's own ``filesystem`` transport writes a message in place, so a reader can take a file that is still
being written. Here a message is written under a temporary name, flushed to disk and renamed into the queue.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from time import time_ns
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


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


class Transport(filesystem.Transport):
    """The transport behind ``safefile://``."""

    Channel = Channel
