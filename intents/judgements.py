"""What the versions answered to texts that they had not seen, read side by side.

Reads only: asking a version is intents.services.judging, what the answers mean for a release intents.gate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from django.db.models import F

from intents.gate import OFF_TOPIC, Answer, GateReport, gate_report
from intents.models import CaseRun, EvaluationCase, HeldOutRun, ModelVersion
from intents.selectors import live_release

MAX_CASES = 5_000


def active_cases() -> list[tuple[int, str, str, bool]]:
    """Return id, text, slug (OFF_TOPIC without an intent) and must-pass of the test phrases, oldest first."""
    rows = (
        EvaluationCase.objects.filter(state=EvaluationCase.State.ACTIVE)
        .order_by("id")
        .values_list("id", "text", F("intent__slug"), "must_pass")[:MAX_CASES]
    )
    return [(pk, text, slug or OFF_TOPIC, must_pass) for pk, text, slug, must_pass in rows]


def cases_sha256(cases: list[tuple[int, str, str, bool]]) -> str:
    """Return what names this exact set of texts and meanings; which of them must pass is no part of it."""
    return hashlib.sha256(orjson.dumps([case[:3] for case in cases])).hexdigest()


def version_answers(version: ModelVersion, cases: list[tuple[int, str, str, bool]]) -> list[Answer]:
    """Return the version's answers to its examples (held out) and, where it was asked, to ``cases``."""
    return [*_held_out(version), *_to_cases(version, cases)]


def case_answers(version: ModelVersion) -> list[Answer]:
    """Return the version's newest answers to test phrases that are still asked."""
    said = _said(CaseRun.objects.filter(version=version).first())
    return [
        Answer(f"case:{pk}", text, slug, **said[pk], must_pass=must_pass)
        for pk, text, slug, must_pass in active_cases()
        if pk in said
    ]


def has_answered(version: ModelVersion, cases: list[tuple[int, str, str, bool]]) -> bool:
    """Whether the version has answered exactly these test phrases."""
    return not cases or CaseRun.objects.filter(version=version, cases_sha256=cases_sha256(cases)).exists()


def version_gate(version: ModelVersion) -> GateReport:
    """Return what stands between the version and going live in the place of what is live now."""
    cases = active_cases()
    release = live_release()
    live = release.model_version if release and release.model_version_id != version.pk else None
    return gate_report(
        version_answers(version, cases),
        version_answers(live, cases) if live else None,
        fallback_ratio=version.metrics.get("fallback", {}).get("ratio"),
        judged_now=has_answered(version, cases),
        left_out=sorted(set(live.snapshot.label_names) - set(version.snapshot.label_names)) if live else (),
    )


def _held_out(version: ModelVersion) -> list[Answer]:
    run = HeldOutRun.objects.filter(version=version).first()
    if run is None:
        return []
    texts = {pk: text for pk, text, _ in version.snapshot.rows}
    return [
        Answer(f"example:{pk}", texts[pk], expected, predicted, confidence, falls_back)
        for pk, expected, predicted, confidence, falls_back in run.rows
    ]


def _to_cases(version: ModelVersion, cases: list[tuple[int, str, str, bool]]) -> list[Answer]:
    said = _said(CaseRun.objects.filter(version=version, cases_sha256=cases_sha256(cases)).first())
    return [
        Answer(f"case:{pk}", text, slug, **said[pk], must_pass=must_pass)
        for pk, text, slug, must_pass in cases
        if pk in said
    ]


def live_answers(cases: Sequence[EvaluationCase]) -> dict[int, Answer]:
    """Return what the live version last answered to these test phrases, by id (2 queries).

    A phrase keeps its answer when others are added: only its own text and the version count.
    """
    release = live_release()
    run = CaseRun.objects.filter(version=release.model_version).first() if release else None
    said = _said(run)
    return {
        case.pk: Answer(
            f"case:{case.pk}",
            case.text,
            case.intent.slug if case.intent else OFF_TOPIC,
            **said[case.pk],
            must_pass=case.must_pass,
        )
        for case in cases
        if case.pk in said
    }


def _said(run: CaseRun | None) -> dict[int, dict[str, Any]]:
    """Return what a run holds, by the id of the test phrase."""
    names = ("predicted", "confidence", "is_fallback")
    return {pk: dict(zip(names, said, strict=True)) for pk, *said in run.rows} if run else {}
