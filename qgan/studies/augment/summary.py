"""The results of a study as plain values and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...data.jets import JetImages
from ...runs.configuration import Configuration
from .amplification import amplification
from .gain import Measured, auc, gain
from .plan import Results, StudyPlan
from .subsets import COPIES, MIXED, MIXED_GIVEN, REAL, SAW_MORE, flip_of, overlap
from .taggers import BATCH, STEPS

#: What is added to the real jets.
ADDED = {MIXED: "generated ones", MIXED_GIVEN: "those of the given run, which saw more,"}
TITLES = {"trees": "the trees", "resnet": "the network"}
#: Observables that go by another name among the generator's codings.
CODED_AS = {"pt": "pixel_mean", "mass": "image_mass", "nnz": "soft_nnz", "tau_21": "image_tau_21",
            "tau_32": "image_tau_32"}


def summarise(results: Results, plan: StudyPlan, configuration: Configuration, pool: JetImages) -> dict[str, Any]:
    """Plain values: ``taggers`` and ``amplification`` with a row for each number, ``verdicts`` and ``notes``."""
    rows = list(_tagger_rows(results))
    return {"sizes": list(plan.sizes), "seeds": plan.seeds, "seed": plan.seed, "steps": configuration.steps,
            "batch_size": configuration.batch_size, "generated_per_real": plan.generated_per_real,
            "test_jets": len(results.label), "bins": plan.bins, "power_jets": plan.power_jets,
            "truth_jets": truth_jets(results, plan, pool), "tagger_steps": STEPS, "tagger_batch": BATCH,
            "classes": list(pool.class_names), "taggers": rows,
            "amplification": list(_power_rows(results, configuration)),
            "verdicts": list(_verdicts(rows)), "notes": list(_notes(results, plan, pool, rows))}


def sentence(size: int, rows: Sequence[dict[str, Any]], way: str = MIXED) -> str:
    """Whether generated jets helped at one size: every tagger's gain over its error, and what plain copies did."""
    parts = []
    for row in rows:
        if row["training"] == way:
            mine = [r for r in rows if r["tagger"] == row["tagger"]]
            control = next((r["gain"] for r in mine if r["training"] == COPIES and way == MIXED), None)
            verdict = row["verdict"] if row["gain"]["trainings"] > 1 else "cannot be judged from one seed for"
            beside = f"; copies {_signed(control)}" if control else ""
            whom = (" to " if verdict.endswith("told") else " ") + TITLES.get(row["tagger"], row["tagger"])
            parts.append(f"{verdict}{whom} (AUC {_signed(row['gain'])}{beside})")
    return f"With {size:,} real jets, adding {ADDED[way]} " + " and ".join(parts) + "."


def truth_jets(results: Results, plan: StudyPlan, pool: JetImages) -> list[int]:
    """Jets of each class that are the truth of the histograms; those that a generator saw are left out later."""
    return [min(plan.truth_jets, there) for there in _there(results, pool)]


def _there(results: Results, pool: JetImages) -> list[int]:
    return [int((pool.label == label).sum() + (results.label == label).sum()) for label in (0, 1)]


def _verdicts(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    for size in dict.fromkeys(row["size"] for row in rows):
        mine = [row for row in rows if row["size"] == size]
        yield from (sentence(size, mine, way) for way in ADDED if any(row["training"] == way for row in mine))


def _tagger_rows(results: Results) -> Iterator[dict[str, Any]]:
    for (size, tagger, way), scores in results.scores.items():
        over = None if way == REAL else gain(scores, results.scores[size, tagger, REAL], results.label)
        yield {"size": size, "tagger": tagger, "training": way, "saw_more_jets": way in SAW_MORE,
               "auc": auc(scores, results.label).to_dict(), "gain": over.to_dict() if over else None,
               "verdict": over.verdict if over else None}


def _power_rows(results: Results, configuration: Configuration) -> Iterator[dict[str, Any]]:
    told = {*configuration.data.codings, *configuration.data.conditions}
    for (size, group, name), powers in results.powers.items():
        yield {"size": size, "class": group, "observable": name, "told": CODED_AS.get(name, name) in told,
               "spread": sum(p.generated / p.real for p in powers) / len(powers), **amplification(powers)._asdict()}


def _notes(results: Results, plan: StudyPlan, pool: JetImages, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    for size in plan.sizes:
        if overlap(pool, size, plan.seeds):
            yield (f"{plan.seeds} x {size:,} jets are more than the {len(pool):,} there are: seeds share jets, so that "
                   "their spread, and with it the errors, is too small")
    if results.powers and max(_there(results, pool)) > plan.truth_jets:
        yield (f"the histograms' truth is {plan.truth_jets:,} jets of a class at most, drawn from the "
               f"{sum(_there(results, pool)):,} there are")
    if rows and flip_of(pool) is None:
        yield "the image is not symmetric about its middle row: the copies are not mirrored"
    elif rows and pool.frame == "canonical":
        yield "in the canonical frame a mirrored jet has the same image: the copies are plain ones"
    if any(row["training"] == MIXED_GIVEN for row in rows):
        yield "the given run was trained on more jets than these: its rows are no measure of what they can give"


def _signed(measured: dict[str, Any] | Measured) -> str:
    values = measured.to_dict() if isinstance(measured, Measured) else measured
    return f"{values['value']:+.4f} ± {values['error']:.4f}"
