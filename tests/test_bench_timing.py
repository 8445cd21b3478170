"""Times, ratios and their errors where other programs disturb the machine; what must hold of them."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from qgan.studies.bench import Mark, marks, take_turns, timing
from qgan.studies.bench.layer import BROADCAST, DEEPER, DENSE, ONE_BY_ONE, OURS, QUOTED, Size
from qgan.studies.bench.text import disturbance, marks_table
from qgan.studies.bench.timing import Estimate, estimate, exponent, median


class Clock:
    """In the place of the module ``time``: passes when it is told to."""

    def __init__(self) -> None:
        self.own = self.wall = 0.0

    def thread_time(self) -> float:
        return self.own

    def perf_counter(self) -> float:
        return self.wall

    def compute(self, seconds: float) -> None:
        self.own += seconds
        self.wall += seconds

    def wait(self, seconds: float) -> None:
        self.wall += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    return clock


def disturbed(rng: np.random.Generator, turns: int, scale: float) -> np.ndarray:
    """Times that last ``scale`` at least, with a heavy tail: a fifth wait for others, some a hundred times as long."""
    waiting = rng.random(turns) < 0.2
    return scale * (1 + 0.05 * rng.random(turns) + waiting * rng.pareto(0.8, turns))


def test_a_known_ratio_is_found_in_heavy_tailed_times() -> None:
    rng = np.random.default_rng(1)
    slow = 1 + rng.random(60)  # the machine's speed, the same for both in a turn
    found = [estimate(list(3 * slow * disturbed(rng, 60, 1)), list(slow * disturbed(rng, 60, 1))) for _ in range(60)]
    assert np.mean([one.value for one in found]) == pytest.approx(3, rel=0.02)
    assert max(abs(one.value / 3 - 1) for one in found) < 0.2
    means = [disturbed(rng, 60, 3).mean() / disturbed(rng, 60, 1).mean() for _ in range(60)]
    assert np.std(np.log(means)) > 5 * np.std(np.log([one.value for one in found])), "which a mean does not survive"
    covered = np.mean([one.low <= 3 <= one.high for one in found])
    assert 0.5 < covered < 0.95, "68 % if it were perfect"


def test_turns_are_resampled_together() -> None:
    speed = list(np.random.default_rng(2).uniform(1, 5, 40))
    found = estimate([2 * t for t in speed], speed)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2)), "a machine's changing speed is no error"
    alone = estimate(speed)
    assert alone.low < alone.value < alone.high
    assert estimate(speed) == alone, "repeats"


def test_few_turns_give_their_whole_range_and_longer_ones_are_cut() -> None:
    found = estimate([2, 4, 9], [1, 2, 3, 1000])
    assert (found.low, found.high) == (2, 3)
    assert found.value == pytest.approx(3 / 1.5)
    assert median([2, 4, 9], [1, 2, 3, 1000]) == 2
    assert estimate([5.0]) == Estimate(5, 5, 5)
    assert Estimate(2, 1, 4).inverse == Estimate(0.5, 0.25, 1)
    assert exponent([1, 10, 100], [[3], [300], [30000]]) == pytest.approx((2, 2, 2))


def test_a_power_has_the_error_of_its_times() -> None:
    rng, sizes = np.random.default_rng(4), [1, 4, 16, 64, 256]
    found = [exponent(sizes, [list(size**0.6 * disturbed(rng, turns, 1)) for size, turns in
                              zip(sizes, (60, 50, 40, 30, 20), strict=True)]) for _ in range(60)]
    assert np.mean([one.value for one in found]) == pytest.approx(0.6, abs=0.01)
    covered = np.mean([one.low <= 0.6 <= one.high for one in found])
    assert 0.5 < covered < 0.95, "68 % if it were perfect"
    few = exponent([1, 10], [[1, 1, 1], [10, 100, 10]])
    assert (few.low, few.high) == pytest.approx((1, 2))


def test_turns_alternate_and_the_slow_one_rests(clock: Clock) -> None:
    order: list[str] = []

    def contender(name: str, seconds: float) -> None:
        order.append(name)
        clock.compute(seconds)

    contenders = {"quick": partial(contender, "quick", 0.001), "slow": partial(contender, "slow", 0.02)}
    times = take_turns(contenders, seconds=0.1, calls=1)
    assert order[:6] == ["quick", "slow"] * 3, "the first round warms up"
    assert len(times["slow"].own) == times["slow"].calls == 3
    assert 30 < len(times["quick"].own) < 60


def test_the_first_takes_part_in_every_turn(clock: Clock) -> None:
    contenders = {"slow": lambda: clock.compute(0.02), "quick": lambda: clock.compute(0.001)}
    times = take_turns(contenders, seconds=0.2, calls=1)
    assert len(times["slow"].own) == len(times["quick"].own) == 10


def test_little_time_is_kept_to(clock: Clock) -> None:
    times = take_turns({"a": lambda: clock.wait(0.5), "b": lambda: clock.wait(0.5)}, seconds=0.1, calls=1)
    assert len(times["a"].own) == len(times["b"].own) == 1, "three turns would take thirty times as long"
    assert clock.wall == 2


def test_short_calls_fill_a_turn(clock: Clock) -> None:
    times = take_turns({"short": lambda: clock.compute(0.002), "long": lambda: clock.compute(0.02)}, seconds=0.2)
    assert times["short"].calls == 5 * len(times["short"].own)
    assert times["long"].calls == len(times["long"].own)
    assert times["short"].own == pytest.approx([0.002] * len(times["short"].own))


def test_waiting_is_on_the_clock_and_not_own_time(clock: Clock) -> None:
    def both() -> None:
        clock.compute(0.005)
        clock.wait(0.03)

    times = take_turns({"a": both}, seconds=0.2, calls=1)["a"]
    assert times.own == pytest.approx([0.005] * len(times.own))
    assert times.wall == pytest.approx([0.035] * len(times.own))


def test_own_time_is_the_processors() -> None:
    def compute() -> None:
        end = time.thread_time() + 0.005
        while time.thread_time() < end:
            pass

    times = take_turns({"computes": compute, "sleeps": lambda: time.sleep(0.05)}, seconds=0.3, calls=1)
    assert min(times["computes"].own) >= 0.005
    assert np.median(times["sleeps"].own) < 0.02
    assert min(times["sleeps"].wall) >= 0.05


def test_only_a_gpu_is_waited_for_and_timed_by_the_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[torch.device] = []

    def wait(device: torch.device) -> None:
        waited.append(device)
        clock.wait(0.01)

    monkeypatch.setattr(torch.cuda, "synchronize", wait)
    take_turns({"a": lambda: clock.compute(0.01)}, 0.05)
    assert waited == []
    gpu = torch.device("cuda", 0)
    times = take_turns({"a": lambda: clock.compute(0.001)}, 0.05, calls=1, device=gpu)["a"]
    assert set(waited) == {gpu}
    assert len(waited) == 2 * (times.calls + 1), "before and after each call"
    assert times.own == times.wall == pytest.approx([0.011] * len(times.own))


def row(what: str, size: Size, ratio: float) -> dict[str, Any]:
    return {"what": what, "direction": "forward+backward", "n_qubits": size.n_qubits, "n_layers": size.n_layers,
            "n_rotations": size.n_rotations, "batch": size.batch, "ratio": ratio, "ratio_low": 0.8 * ratio,
            "ratio_high": 1.25 * ratio, "wall_ratio": 2 * ratio}


def test_marks_are_those_of_the_quoted_circuits() -> None:
    values = {OURS: 1.0, ONE_BY_ONE: 2000.0, BROADCAST: 21.0, "deepquantum": 9.0, "tensorcircuit": 2.0, DENSE: 0.5}
    rows = [row(what, size, ratio) for size in (DEEPER, QUOTED, Size(4, 2, 4, 9, 1)) for what, ratio in values.items()]
    sampling = [{"jets": n, "threads": threads, "substructure": tau, "rate": rate, "rate_low": rate - 1,
                 "rate_high": rate + 1, "wall_rate": rate / 2}
                for n, threads, tau, rate in ((1, 1, False, 10), (2048, 1, False, 4000), (2048, 1, True, 9000),
                                              (2048, 2, False, 9000))]
    step = {"core": "dense", "quantum_over": 1.02, "quantum_over_low": 1.0, "quantum_over_high": 1.05,
            "quantum_over_wall": 1.2}
    found = list(marks({"layer": {"rows": rows, "other_simulators": ["deepquantum", "tensorcircuit"],
                                  "growth": {"batch 1 to 256": {"value": 0.1, "low": 0.05, "high": 0.2}}},
                        "gan": {"rows": [step | {"core": "none"}, step]}, "sampling": {"rows": sampling}}))
    measured = {mark.what: (mark.value, mark.holds) for mark in found}
    expected = {"time of the layer, power of the batch from 1 to 256": (0.1, "yes"),
                "training step, quantum over dense core": (1.02, "yes"),
                "sampling, jets a second on one core": (4000, "no")}
    for size in ("2x8", "4x16"):
        expected |= {f"layer {size}: times as fast as PennyLane per sample": (2000, "yes"),
                     f"layer {size}: times as fast as PennyLane broadcast": (21, "cannot be told"),
                     f"layer {size}: times as fast as the next simulator (tensorcircuit)": (2, "no"),
                     f"layer {size}: its time over that of a dense layer": (2, "yes")}
    assert measured == expected
    assert len(found) == 11
    lines = list(marks_table([mark.to_dict() for mark in found]))
    assert len(lines) == 13
    assert all(line.count("|") == 6 for line in lines)
    assert list(marks({})) == []
    assert list(marks_table([])) == []


@pytest.mark.parametrize(("own", "threads", "told"), [(0.9, 2, []), (0.5, 1, ["50%"]), (0.5, 2, ["50%", "one thread"])])
def test_a_disturbed_measurement_says_so(own: float, threads: int, told: list[str]) -> None:
    lines = list(disturbance({"threads": threads, "gan": {"rows": [{"seconds": own, "wall": 1.0}]}}))
    assert len(lines) == bool(told)
    assert all(words in lines[0] for words in told)


@pytest.mark.parametrize(("value", "low", "high", "least", "most"), [
    (4, 3.5, 5, "yes", "no"), (4, 2, 5, "cannot be told", "cannot be told"),
    (2, 1, 5, "cannot be told", "cannot be told"), (2, 1, 2.5, "no", "yes"),
    (1.68, 0.34, 5.98, "cannot be told", "cannot be told"), (4, 4, 4, "cannot be told", "cannot be told")])
def test_a_mark_holds_with_its_error(value: float, low: float, high: float, least: str, most: str) -> None:
    assert Mark("a", 3, True, value, low, high).holds == least
    assert Mark("a", 3, False, value, low, high).holds == most


def test_the_interval_does_not_depend_on_the_number_of_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    times = list(disturbed(rng, 50, 1))
    wide = estimate(times)
    monkeypatch.setattr(timing, "_DRAWS", 4000)
    assert estimate(times).high == pytest.approx(wide.high, rel=0.05)
