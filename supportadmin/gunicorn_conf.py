"""How gunicorn runs the web processes; every value can be set from the environment (docs/operator.md)."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from gunicorn.config import KNOWN_SETTINGS
from prometheus_client import multiprocess

from core import warmup
from supportadmin import balanced_worker

# One thread of matrix arithmetic a request: several workers on few cores would be in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
SWITCH_SECONDS = 0.0005  # a thread that comes back from the encoder waits this long for Python, not 5 ms
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "supportadmin.balanced_worker.BalancedThreadWorker"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "2"))  # more only take turns with the interpreter's lock
preload_app = False  # onnxruntime's threads do not survive a fork
timeout = 60
limit_request_line = 8190  # the most that gunicorn takes; our own guard answers in words up to 8,000
graceful_timeout = 5  # serve stops all within 15 s
keepalive = int(os.environ.get("WEB_KEEPALIVE_SECONDS", "5"))
if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn's heartbeat file, in memory so that no disk can stall it
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - see above
if any(setting.name == "control_socket_disable" for setting in KNOWN_SETTINGS):
    control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Load what the first request would otherwise wait for."""
    sys.setswitchinterval(SWITCH_SECONDS)
    warmup.run()
    gc.collect()
    gc.freeze()  # what is loaded now stays; looking through it again and again would hold up requests


def child_exit(server: Any, worker: Any) -> None:
    """Drop a dead process's gauges from /metrics, and its count of connections."""
    balanced_worker.counts.put(worker.age, balanced_worker.FREE)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)
