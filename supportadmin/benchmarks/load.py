"""Load the HTTP API with closed-loop clients and time every answer.

Each message is different, so that no cache flatters the figures. ``ping`` does nothing but authenticate: its
time is the floor of the framework, and every other endpoint is also given as a ratio to it.
"""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from supportadmin.benchmarks.http_client import Client

WARM_UP_REQUESTS = 20


@dataclass(slots=True)
class Samples:
    """What the clients of one endpoint saw."""

    latencies_ms: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def add_error(self, kind: str) -> None:
        """Count one failed request."""
        self.errors[kind] = self.errors.get(kind, 0) + 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of request: ``body`` makes the n-th body, or None for GET."""

    name: str
    path: str
    body: Callable[[int], dict[str, Any]] | None


def endpoints(texts: Sequence[str]) -> list[Endpoint]:
    """Return what is measured: the floor, then the three runtime calls."""

    def text(n: int) -> str:
        return f"{texts[n % len(texts)]} {n // len(texts)}"

    audience = {"user_type": "admin", "tier": "", "product_area": ""}
    customer = {"external_id": "load-test", "user_type": "admin", "tier": ""}
    return [
        Endpoint("ping", "/api/v1/ping", None),
        Endpoint("classify", "/api/v1/classify", lambda n: {"text": text(n)}),
        Endpoint("search", "/api/v1/search", lambda n: {"query": text(n), "audience": audience, "page": "/"}),
        Endpoint(
            "turns",
            "/api/v1/turns",
            lambda n: {"text": text(n), "channel": "load-test", "customer": customer, "page": "/"},
        ),
    ]


def run(url: str, key: str, *, texts: Sequence[str], seconds: float = 20, clients: int = 8) -> dict[str, Any]:
    """Return per endpoint rps, p50/p95/p99 in ms, errors and the ratio of p50 to the floor's."""
    counter = itertools.count(secrets.randbelow(10**6))  # a second run meets none of its own texts in a cache
    results: dict[str, Any] = {}
    for endpoint in endpoints(texts):
        _drive(url, key, endpoint, counter, seconds=60, clients=1, limit=WARM_UP_REQUESTS)
        started = time.perf_counter()
        samples = _drive(url, key, endpoint, counter, seconds=seconds, clients=clients)
        results[endpoint.name] = _summary(samples, time.perf_counter() - started)
    floor = results["ping"]["p50_ms"]
    for result in results.values():
        result["p50_to_floor"] = round(result["p50_ms"] / floor, 2) if floor else None
    return {"clients": clients, "seconds_per_endpoint": seconds, "endpoints": results}


def _drive(
    url: str,
    key: str,
    endpoint: Endpoint,
    counter: itertools.count[int],
    *,
    seconds: float,
    clients: int,
    limit: int | None = None,
) -> Samples:
    samples = Samples()
    lock = threading.Lock()
    until = time.perf_counter() + seconds

    def client() -> None:
        own = _client_loop(url, key, endpoint, counter, until=until, limit=limit)
        with lock:
            samples.latencies_ms.extend(own.latencies_ms)
            for kind, count in own.errors.items():
                samples.errors[kind] = samples.errors.get(kind, 0) + count

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return samples


def _client_loop(
    url: str, key: str, endpoint: Endpoint, counter: itertools.count[int], *, until: float, limit: int | None
) -> Samples:
    samples = Samples()
    client = Client(url, key)
    done = 0
    while time.perf_counter() < until and (limit is None or done < limit):
        body = json.dumps(endpoint.body(next(counter))).encode() if endpoint.body else None
        started = time.perf_counter()
        try:
            status = client.send(endpoint.path, body)
        except (OSError, ValueError) as error:
            samples.add_error(type(error).__name__)
            client.close()
        else:
            samples.latencies_ms.append((time.perf_counter() - started) * 1000)
            if status >= 400:
                samples.add_error(str(status))
        done += 1
    client.close()
    return samples


def _summary(samples: Samples, elapsed_seconds: float) -> dict[str, Any]:
    latencies = np.array(samples.latencies_ms or [0.0])
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    return {
        "requests": len(samples.latencies_ms),
        "rps": round(len(samples.latencies_ms) / elapsed_seconds, 1),
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "p99_ms": round(float(p99), 1),
        "errors": samples.errors,
    }
