"""Several generators by one yardstick: real jets are measured once, and a floor is the same for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_evaluation import few_draws
from toy_jets import toy_jets

import qgan.evaluation.metrics.c2st
import qgan.evaluation.metrics.referees
import qgan.evaluation.real_jets
from qgan.evaluation import Evaluation, Reference, evaluate

REAL, TRAINING = toy_jets(300, 1, "real.h5"), toy_jets(300, 2, "train.h5")
#: With errors of their own.
FAKES = [toy_jets(150, seed, f"{seed}.h5") for seed in (3, 4, 5, 6)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, calls: Counter[str]) -> None:
    function = getattr(module, name)

    def wrapper(*arguments: Any, **options: Any) -> Any:
        calls[name] += 1
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, wrapper)


def floors(evaluation: Evaluation) -> dict[tuple[str, str, str], float | None]:
    return {(r.metric, r.observable, r.group): r.floor for r in evaluation.rows}


def test_four_generators_cost_the_real_jets_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    counted(monkeypatch, qgan.evaluation.metrics.c2st, "one_trial", calls)
    counted(monkeypatch, qgan.evaluation.real_jets, "measure", calls)
    yardstick = Reference.of(REAL, TRAINING, n_per_class=100, quick=True)
    yardstick.judge(FAKES[0], workers=1)
    first = calls.copy()
    assert first["measure"] == 6  # held-out, training and generated jets of two classes
    assert first["one_trial"] == 3 * (2 + 2)  # three groups: two splits, two real pairs
    for fake in FAKES[1:]:
        yardstick.judge(fake, workers=1)
    assert calls["measure"] - first["measure"] == 3 * 2
    assert calls["one_trial"] - first["one_trial"] == 3 * 3 * 2


def test_a_floor_is_the_same_for_every_generator() -> None:
    yardstick = Reference.of(REAL, TRAINING, n_per_class=100, quick=True)
    found = [floors(yardstick.judge(fake)) for fake in FAKES[:2]]
    # A row of closure is left out where what was asked for does not fill the bins; every other one is in both.
    assert {metric for metric, *_ in set(found[0]) ^ set(found[1])} <= {"closure_w1"}
    assert {"tagger_auc", "usefulness", "w1", "c2st_auc", "fpd"} <= {metric for metric, *_ in found[0]}
    assert [found[0][key] for key in found[0] if key in found[1]] == [
        found[1][key] for key in found[0] if key in found[1]]
    # Also one that is judged alone: the floor's draws do not know of the generated jets.
    assert floors(evaluate(REAL, FAKES[1], reference=TRAINING, n_per_class=100, quick=True)) == found[1]


@pytest.mark.parametrize("judged_before", [0, 1])
def test_what_was_judged_before_changes_no_number(judged_before: int) -> None:
    yardstick = Reference.of(REAL, TRAINING, n_per_class=100, quick=True)
    for fake in FAKES[:judged_before]:
        yardstick.judge(fake)
    alone = evaluate(REAL, FAKES[3], reference=TRAINING, n_per_class=100, quick=True)
    assert yardstick.judge(FAKES[3]).rows == alone.rows


def test_fewer_generated_jets_have_floors_of_their_own_size() -> None:
    yardstick = Reference.of(REAL, TRAINING, n_per_class=100, quick=True)
    many = yardstick.judge(FAKES[0])
    few = yardstick.judge(FAKES[1][np.r_[:60, 150:210]])
    assert (many.settings["n_per_class"], few.settings["n_per_class"]) == (100, 60)
    of: Callable[[Evaluation], float] = lambda e: float(np.mean([r.floor or 0 for r in e.of("w1")]))  # noqa: E731
    assert of(few) > of(many)


def test_generators_that_have_nearly_as_many_jets_share_their_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()
    counted(monkeypatch, qgan.evaluation.metrics.c2st, "one_trial", calls)
    counted(monkeypatch, qgan.evaluation.metrics.referees, "_null", calls)
    # Of the class that is rarer 150, 145 and 60.
    many, fewer, few = FAKES[0], FAKES[1][np.r_[:145, 150:300]], FAKES[2][np.r_[:60, 150:210]]
    together = Reference.of(REAL, TRAINING, n_per_class=200, quick=True, fakes=[many, fewer, few])
    alone = Reference.of(REAL, TRAINING, n_per_class=200, quick=True)
    found = [yardstick.judge(fake, metrics=["c2st_auc"]).settings["n_per_class"]
             for yardstick, fake in ((together, few), (alone, many))]
    assert found == [60, 150]
    first = together.judge(many, metrics=["c2st_auc", "referee_auc"], workers=1)
    calls.clear()
    second = together.judge(fewer, metrics=["c2st_auc", "referee_auc"], workers=1)
    assert calls == {"one_trial": 3 * 2}
    assert [e.settings["n_per_class"] for e in (first, second)] == [145, 145]
    assert "145 generated jets a class are taken of 150: as many as another generator has." in first.notes
    assert not any("are taken of" in note for note in second.notes)


def test_a_referee_s_floor_is_that_of_as_many_training_jets() -> None:
    """Whatever was judged before."""
    few = FAKES[0][np.r_[:52, 150:202]]
    found = [Reference.of(REAL, TRAINING, n_per_class=50, quick=True) for _ in range(2)]
    found[0].judge(few, metrics=["referee_auc"])
    assert len({tuple(floors(by.judge(FAKES[1], metrics=["referee_auc"])).items()) for by in found}) == 1
