"""``benchmark categories``: how well the audit's clusters agree with known intents. K is not given."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from core.errors import InvalidInput
from nlp import clustering
from nlp.encoder import SentenceEncoder
from tickets.vectors import text_to_encode

MAX_ROWS = 200_000


def measure(path: Path, encoder: SentenceEncoder) -> dict[str, Any]:
    """Cluster the utterances of a JSONL file (``utterance``, ``intent``) as the audit clusters tickets.

    Shares are given in percent. Raises InvalidInput for a file that is not such a file.
    """
    utterances, intents = _read(path)
    started = time.perf_counter()
    vectors = encoder.encode([text_to_encode("", utterance) for utterance in utterances])
    found = clustering.cluster(vectors)
    seconds = time.perf_counter() - started
    table = contingency_matrix(intents, found.labels)
    rows, columns = linear_sum_assignment(-table)
    return {
        "nmi": round(100 * normalized_mutual_info_score(intents, found.labels), 2),
        "ari": round(100 * adjusted_rand_score(intents, found.labels), 2),
        "accuracy": round(100 * float(table[rows, columns].sum()) / len(utterances), 2),
        "n_clusters": len(found.sizes),
        "n_gold": len(set(intents)),
        "n_utterances": len(utterances),
        "seconds": round(seconds, 2),
        "settings": found.settings,
        "chosen_by": clustering.CHOSEN_BY,
    }


def _read(path: Path) -> tuple[list[str], np.ndarray]:
    utterances, intents, number = [], [], 0
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                if not line.strip():
                    continue
                row = json.loads(line)
                utterances.append(str(row["utterance"]))
                intents.append(str(row["intent"]))
                if len(utterances) > MAX_ROWS:
                    raise InvalidInput(f"{path} has more than {MAX_ROWS} rows.", code="too_many")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", code="unreadable") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{path}, line {number}: each line must be JSON with utterance and intent.", code="bad_row"
        ) from error
    if len(set(intents)) < 2:
        raise InvalidInput(f"{path} needs utterances of at least two intents.", code="too_few")
    return utterances, np.array(intents)
