"""What others may read of intents, as dataclasses and plain figures."""

from __future__ import annotations

from collections.abc import Collection

from intents.contracts import IntentProfile, IntentsSummary
from intents.models import Intent, Release
from intents.readiness import training_readiness
from intents.workflow import MIN_REAL_EXAMPLES

MAX_INTENTS = 1_000
_PROFILE_FIELDS = ("slug", "label", "description", "resolution", "category_id")


def intent_profile(slug: str) -> IntentProfile | None:
    """Return one intent in whatever state (an archived one may still be known to the live model)."""
    row = Intent.objects.filter(slug=slug).values_list(*_PROFILE_FIELDS).first()
    return IntentProfile(*row) if row else None


def intent_profiles() -> tuple[IntentProfile, ...]:
    """Return the active intents, by slug."""
    rows = Intent.objects.active().order_by("slug").values_list(*_PROFILE_FIELDS)[:MAX_INTENTS]
    return tuple(IntentProfile(*row) for row in rows)


def intents_outside(categories: Collection[int]) -> tuple[tuple[str, bool], ...]:
    """Return each active intent that comes from none of these audit categories: label, whether it has one."""
    rows = Intent.objects.active().order_by("label").values_list("label", "category_id")[:MAX_INTENTS]
    return tuple((label, category is not None) for label, category in rows if category not in categories)


def live_release() -> Release | None:
    """Return the release that answers now, with its model version but without the version's large fields."""
    return (
        Release.objects.live()
        .select_related("model_version")
        .defer("model_version__library_versions", "model_version__settings")
        .first()
    )


def live_f1_by_intent() -> dict[str, float]:
    """Return slug → cross-validated F1 of the live model; empty when nothing is live."""
    release = live_release()
    if release is None:
        return {}
    return {row["slug"]: row["f1"] for row in release.model_version.metrics.get("per_intent", [])}


def intents_summary() -> IntentsSummary:
    """Return the figures for the dashboard (a fixed number of queries)."""
    readiness = training_readiness()
    release = live_release()
    metrics = release.model_version.metrics if release else {}
    counts = readiness.example_counts.values()
    return IntentsSummary(
        active_intents=len(readiness.example_counts),
        trainable_intents=sum(c["real"] >= MIN_REAL_EXAMPLES for c in counts),
        real_examples=sum(c["real"] for c in counts),
        synthetic_examples=sum(c["synthetic"] for c in counts),
        blockers=tuple(blocker.message for blocker in readiness.blockers),
        live_release=release.number if release else None,
        live_model_version=release.model_version.number if release else None,
        live_accuracy=metrics.get("accuracy"),
        live_macro_f1=metrics.get("macro_f1"),
        live_fallback_ratio=metrics.get("fallback", {}).get("ratio"),
    )
