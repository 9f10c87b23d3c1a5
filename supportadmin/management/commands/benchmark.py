"""Measure the product: `benchmark KIND`. It runs the code that serves, no copy of it."""

from __future__ import annotations

import json
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.errors import Conflict, InvalidInput
from escalation.sensing import Senses, load_senses
from intents import benchmark as intents_benchmark
from kb import benchmark as retrieval_benchmark
from kb.claims import benchmark as contradictions_benchmark
from nlp.encoder import load_encoder
from runtime.drafting import benchmark as drafts_benchmark
from supportadmin.benchmarks import (
    audit_map,
    categories,
    danger,
    engine,
    imports,
    load,
    pilot_figures,
    retraining,
    search,
)
from supportadmin.demo.content import FOLDER as DEMO
from supportadmin.demo.content import read_test_questions

DRAFTED = settings.BASE_DIR / "tests/runtime/golden/drafted_sentences_held_out.jsonl"


class Command(BaseCommand):
    """Run one benchmark and print its figures."""

    help = "Measure accuracy of intents or retrieval on labelled files, or the speed of a running server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True)
        intents = self._kind(kinds, "intents", "accuracy of the classifier (CSV: text,label)")
        intents.add_argument("--train", type=Path, required=True)
        intents.add_argument("--test", type=Path, required=True)
        intents.add_argument("--oos", type=Path, help="out-of-scope messages, for AUROC and recall")
        intents.add_argument("--unlabelled", type=Path, help="further messages without labels (column text)")
        again = self._kind(kinds, "retraining", "training time, and classifying while another process trains")
        again.add_argument("--train", type=Path, required=True)
        again.add_argument("--test", type=Path, required=True, help="messages to classify meanwhile")
        retrieval = self._kind(kinds, "retrieval", "ranking quality over a folder of Markdown articles")
        retrieval.add_argument("--articles", type=Path, required=True)
        retrieval.add_argument("--queries", type=Path, required=True)
        retrieval.add_argument("--method", choices=["hybrid", "dense", "bm25"], default="hybrid")
        clusters = self._kind(kinds, "categories", "agreement of the audit's clusters with known intents")
        clusters.add_argument("--utterances", type=Path, required=True, help="JSONL: utterance, intent")
        imports = self._kind(
            kinds, "import", "speed and memory of the ticket import, in a database of its own"
        )
        imports.add_argument("--rows", type=int, default=100_000)
        pairs = self._kind(kinds, "contradictions", "agreement on pairs of sentences (JSONL: a, b, label)")
        pairs.add_argument("--pairs", type=Path, required=True)
        drafts = self._kind(kinds, "drafts", "what is kept of a language model's sentences (JSONL)")
        drafts.add_argument("--articles", type=Path, default=DEMO / "articles")
        drafts.add_argument(
            "--sentences", type=Path, default=DRAFTED, help="article, heading, draft, supported"
        )
        angry = self._kind(kinds, "anger", "the shipped detector of anger (CSV: text, label 0 or 1)")
        angry.add_argument("--test", type=Path, required=True)
        fired = self._kind(kinds, "triggers", "hard triggers and wishes for a person (JSONL: text, triggers)")
        fired.add_argument("--test", type=Path, required=True)
        imports.add_argument("--form", choices=["zendesk", "csv"], default="zendesk", help="of the file")
        shown = self._kind(kinds, "map", "time and queries of the map's page, in a database of its own")
        shown.add_argument("--tickets", type=int, default=100_000)
        shown.add_argument("--here", action="store_true", help="in this database, which must be empty")
        counted = self._kind(
            kinds, "figures", "time and queries of a pilot's figures, in a database of its own"
        )
        counted.add_argument("--conversations", type=int, default=20_000)
        counted.add_argument("--here", action="store_true", help="in this database, which must be empty")
        scale = self._kind(
            kinds, "search", "speed and memory of the search over many sections, in a database of its own"
        )
        scale.add_argument("--chunks", type=int, default=100_000, help="sections, eight an article")
        rules = self._kind(kinds, "engine", "time of a decision with many rules, on the demo's messages")
        rules.add_argument("--rules", type=int, default=200)
        rules.add_argument("--messages", type=int, default=2_000)
        speed = self._kind(kinds, "load", "latency and throughput of a running server")
        speed.add_argument("--url", required=True)
        speed.add_argument("--key", required=True)
        speed.add_argument("--seconds", type=float, default=20, help="per endpoint")
        speed.add_argument("--clients", type=int, default=8)

    def handle(self, *args: Any, **options: Any) -> None:
        paths = (
            "train",
            "test",
            "oos",
            "unlabelled",
            "articles",
            "queries",
            "utterances",
            "pairs",
            "sentences",
        )
        for name in paths:
            path = options.get(name)
            if path is not None and not path.exists():
                raise CommandError(f"{path} does not exist.", returncode=2)
        result = getattr(self, f"_{options['kind']}")(options)
        if options["json"]:
            options["json"].write_text(json.dumps(result, indent=2) + "\n")
        self.stdout.write(json.dumps(result, indent=2))

    def _kind(self, kinds: _SubParsersAction[Any], name: str, text: str) -> ArgumentParser:
        parser: ArgumentParser = kinds.add_parser(name, help=text)
        parser.add_argument("--json", type=Path, help="also write the figures to this file")
        return parser

    def _intents(self, options: dict[str, Any]) -> dict[str, Any]:
        return intents_benchmark.run(
            options["train"],
            options["test"],
            options["oos"],
            options["unlabelled"],
            encoder=load_encoder(settings.ENCODER_PATH),
        )

    def _retraining(self, options: dict[str, Any]) -> dict[str, Any]:
        return retraining.measure(options["train"], options["test"], settings.ENCODER_PATH)

    def _retrieval(self, options: dict[str, Any]) -> dict[str, Any]:
        return retrieval_benchmark.run(
            options["articles"],
            options["queries"],
            method=options["method"],
            encoder=load_encoder(settings.ENCODER_PATH),
        )

    def _import(self, options: dict[str, Any]) -> dict[str, Any]:
        return imports.measure(options["rows"], options["form"])

    def _map(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            measure = audit_map.measure_here if options["here"] else audit_map.measure
            return measure(options["tickets"])
        except Conflict as refusal:
            raise CommandError(refusal.message, returncode=2) from refusal

    def _figures(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            measure = pilot_figures.measure_here if options["here"] else pilot_figures.measure
            return measure(options["conversations"])
        except Conflict as refusal:
            raise CommandError(refusal.message, returncode=2) from refusal

    def _search(self, options: dict[str, Any]) -> dict[str, Any]:
        return search.measure(options["chunks"])

    def _engine(self, options: dict[str, Any]) -> dict[str, Any]:
        texts = [utterance["text"] for utterance in read_test_questions()["utterances"]]
        return engine.measure(texts, rules=options["rules"], messages=options["messages"])

    def _categories(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            return categories.measure(options["utterances"], load_encoder(settings.ENCODER_PATH))
        except InvalidInput as refusal:
            raise CommandError(refusal.message, returncode=2) from refusal

    def _contradictions(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            return contradictions_benchmark.run(options["pairs"], load_encoder(settings.ENCODER_PATH).encode)
        except InvalidInput as refusal:
            raise CommandError(refusal.message, returncode=2) from refusal

    def _drafts(self, options: dict[str, Any]) -> dict[str, Any]:
        return drafts_benchmark.run(options["articles"], options["sentences"])

    def _anger(self, options: dict[str, Any]) -> dict[str, Any]:
        return self._danger(danger.anger, options)

    def _triggers(self, options: dict[str, Any]) -> dict[str, Any]:
        return self._danger(danger.triggers, options)

    def _danger(
        self, measure: Callable[[Path, Senses], dict[str, Any]], options: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            return measure(options["test"], load_senses(settings.ENCODER_PATH))
        except InvalidInput as refusal:
            raise CommandError(refusal.message, returncode=2) from refusal

    def _load(self, options: dict[str, Any]) -> dict[str, Any]:
        texts = [utterance["text"] for utterance in read_test_questions()["utterances"]]
        return load.run(
            options["url"],
            options["key"],
            texts=texts,
            seconds=options["seconds"],
            clients=options["clients"],
        )
