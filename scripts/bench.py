"""Run every benchmark on a folder of public data: `python scripts/bench.py --data DIR --out FILE`.

Each is `manage.py benchmark …` in a process of its own. What is not in the folder is skipped, with a word.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Benchmark:
    """One run: its name, the command's words, and the files by option; ``shown`` are the table's figures."""

    name: str
    words: tuple[str, ...]
    files: dict[str, str]
    shown: tuple[str, ...]
    convert: Callable[[Path, Path], Path] = lambda source, folder: source  # into the command's form


def intents(name: str, train: str, *, oos: bool) -> Benchmark:
    """Return the run of one labelled data set at one training size."""
    folder = f"intents/{name}"
    files = {"--train": f"{folder}/{train}.csv", "--test": f"{folder}/test.csv"}
    if oos:
        files["--oos"] = f"{folder}/oos_test.csv"
    shown = (
        "accuracy",
        "macro_f1",
        "ece",
        "oos_auroc",
        "oos_recall",
        "mcc",
        "train_seconds",
        "p50_ms",
        "p95_ms",
    )
    return Benchmark(f"intents {name} {train}", ("intents",), files, shown)


def retrieval(method: str) -> Benchmark:
    """Return the run of one ranking method on the help-centre articles."""
    files = {"--articles": "kb/arduino/articles", "--queries": "kb/arduino/queries.jsonl"}
    shown = ("ndcg_at_10", "recall_at_1", "recall_at_3", "recall_at_5", "mrr_at_10", "p50_ms", "p95_ms")
    return Benchmark(f"retrieval arduino {method}", ("retrieval", "--method", method), files, shown)


def categories(name: str) -> Benchmark:
    """Return the run of one set of utterances with known intents, clustered without being told how many."""
    files = {"--utterances": f"clusters/{name}.jsonl"}
    shown = ("nmi", "ari", "accuracy", "n_clusters", "n_gold", "seconds")
    return Benchmark(f"categories {name}", ("categories",), files, shown)


def anger() -> Benchmark:
    """Return the run of the detector of anger on GoEmotions' test part, made into text,label."""
    files = {"--test": "emotion/goemotions_test.tsv"}
    shown = ("auc", "precision", "recall", "f1", "threshold")
    return Benchmark("anger goemotions", ("anger",), files, shown, goemotions_csv)


def goemotions_csv(source: Path, folder: Path) -> Path:
    """Write GoEmotions rows as text,label: 1 where anger, annoyance or disgust is among the labels."""
    names = (source.parent / "goemotions_labels.txt").read_text().split()
    angry = {str(names.index(name)) for name in ("anger", "annoyance", "disgust")}
    target = folder / "anger.csv"
    with source.open(encoding="utf-8", newline="") as rows, target.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "label"))
        for text, ids, _ in csv.reader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            writer.writerow((text, int(not angry.isdisjoint(ids.split(",")))))
    return target


def triggers(name: str) -> Benchmark:
    """Return the run of one golden set of the repository."""
    file = ROOT / "tests" / "escalation" / "golden" / f"{name}.jsonl"
    return Benchmark(f"triggers {name}", ("triggers",), {"--test": str(file)}, ("n",))


IMPORT = Benchmark(
    "import 100,000 tickets",
    ("import", "--rows", "100000"),
    {},
    ("rows_per_second", "seconds", "peak_mb", "created", "rejected"),
)
MAP = Benchmark(
    "map of 100,000 tickets",
    ("map", "--tickets", "100000"),
    {},
    ("seconds", "first_seconds", "queries", "categories"),
)
FIGURES = Benchmark(
    "figures of 20,000 conversations",
    ("figures", "--conversations", "20000"),
    {},
    ("counting_seconds", "page_seconds", "page_queries", "memory_mb"),
)
SEARCH = Benchmark(
    "search in 100,000 sections",
    ("search", "--chunks", "100000"),
    {},
    ("p50_ms", "p95_ms", "p99_ms", "load_seconds", "replace_ms", "updating_p95_ms", "memory_mb"),
)
ENGINE = Benchmark(
    "engine 200 rules",
    ("engine", "--rules", "200"),
    {},
    ("p50_ms", "p95_ms", "p99_ms", "p95_cpu_ms", "p50_characters", "p95_characters", "messages"),
)
DRAFTS = Benchmark(
    "drafted sentences, held out",
    ("drafts",),
    {},
    ("true_kept_ratio", "false_kept", "n_true", "n_false", "p50_ms_per_sentence", "ms_per_answer"),
)
RETRAINING = Benchmark(
    "retraining clinc150 train_10",
    ("retraining",),
    {"--train": "intents/clinc150/train_10.csv", "--test": "intents/clinc150/test.csv"},
    ("train_seconds", "p50_ms_alone", "p95_ms_alone", "p95_ms_meanwhile", "p95_ratio"),
)
BENCHMARKS = (
    *(intents("banking77", train, oos=False) for train in ("train_5", "train_10", "train")),
    *(intents("clinc150", train, oos=True) for train in ("train_5", "train_10", "train")),
    RETRAINING,
    *(retrieval(method) for method in ("hybrid", "dense", "bm25")),
    *(categories(name) for name in ("dstc11_insurance", "dstc11_banking")),
    anger(),
    *(triggers(name) for name in ("anger", "billing_dispute", "human_request", "legal", "obfuscated")),
    IMPORT,
    MAP,
    FIGURES,
    SEARCH,
    ENGINE,
    DRAFTS,
)


def main() -> int:
    """Run them all, print a table, write the results; 0 when none failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="run those whose name contains this")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for benchmark in BENCHMARKS:
        if options.only in benchmark.name:
            results[benchmark.name] = run(benchmark, options.data)
            print_row(benchmark, results[benchmark.name])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2) + "\n")
    say(f"Written to {options.out}")
    return int(any("failed" in result for result in results.values()))


def run(benchmark: Benchmark, data: Path) -> dict[str, Any]:
    """Return the figures, or why there are none."""
    missing = [path for path in benchmark.files.values() if not (data / path).exists()]
    if missing:
        return {"skipped": f"not there: {', '.join(missing)}"}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        files = [
            word
            for option, path in benchmark.files.items()
            for word in (option, str(benchmark.convert(data / path, Path(folder))))
        ]
        command = [sys.executable, "manage.py", "benchmark", *benchmark.words, *files, "--json", str(result)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            return {"failed": done.stderr.strip()[-500:] or f"exit status {done.returncode}"}
        figures: dict[str, Any] = json.loads(result.read_text())
        return figures


def print_row(benchmark: Benchmark, result: dict[str, Any]) -> None:
    """Print one line of the table."""
    if "skipped" in result or "failed" in result:
        figures = "; ".join(f"{key}: {value}" for key, value in result.items())
    else:
        figures = "  ".join(
            f"{name} {result[name]:.4g}" for name in benchmark.shown if result.get(name) is not None
        )
        figures += "".join(
            f"  {name} P {part['precision']} R {part['recall']}"
            for name, part in result.items()
            if isinstance(part, dict) and part.get("n")
        )
    say(f"{benchmark.name:<30} {figures}")


def say(text: str) -> None:
    """Print a line at once, so that a long run is seen to move."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
