"""The benchmark's arithmetic, and that its contenders compute the same circuit."""

from __future__ import annotations

import json
import time

import pytest
import torch

from qgan.quantum import QuantumLayer, embed
from qgan.quantum.simulators import simulator
from qgan.studies.bench import DEEPER, QUOTED, Size, capacity_table, compare, counts, kept_for_backward, layer_table
from qgan.studies.bench.layer import DENSE, LIGHTNING, OURS, OURS_EXPVAL, contenders, growth, layer_rows, step

SMALL = Size(n_qubits=4, n_layers=2, n_rotations=4, inputs=9, batch=4)


def test_every_contender_computes_the_same_circuit() -> None:
    x = torch.randn(2, SMALL.inputs, generator=torch.Generator().manual_seed(0))
    found = {name: one.run(x).detach().float() for name, one in contenders(SMALL).items()}
    for name in set(found) - {OURS, DENSE, OURS_EXPVAL, LIGHTNING}:
        torch.testing.assert_close(found[name], found[OURS], rtol=0, atol=1e-5)
    torch.testing.assert_close(found[LIGHTNING], found[OURS_EXPVAL], rtol=0, atol=1e-5)
    assert found["dense layer"].shape == found[OURS].shape


@pytest.mark.parametrize("name", ["deepquantum", "tensorcircuit"])
def test_other_simulators_compute_the_same_circuit_and_train(name: str) -> None:
    pytest.importorskip(name)
    layer = QuantumLayer(in_features=7, n_qubits=3, n_layers=2, seed=2)
    x = torch.randn(4, 7, generator=torch.Generator().manual_seed(0))
    out = simulator(name, layer.gates, layer.weights, 3)(embed(x))
    torch.testing.assert_close(out, layer(x), rtol=0, atol=1e-5)
    out[:, 0].sum().backward()


def test_backward_steps_give_gradients() -> None:
    layer = QuantumLayer(in_features=9, n_qubits=4, n_layers=2)
    x = torch.randn(4, 9)
    step(layer, x, backward=False)()
    assert layer.weights.grad is None
    step(layer, x, backward=True)()
    assert layer.weights.grad is not None


def test_rows_can_be_read_by_machine_and_by_eye() -> None:
    rows = compare(SMALL, True, 0.05, only=("dense layer", "PennyLane per sample"))
    assert {row["what"] for row in rows} == {OURS, "dense layer", "PennyLane per sample"}
    ours, slow = rows[0], rows[-1]
    assert ours["ratio"] == 1
    assert slow["scaled"] == 2
    assert slow["ratio"] > 1
    assert json.loads(json.dumps(rows)) == rows
    assert len(layer_table(rows).splitlines()) == 4
    for row in rows:
        assert 0 < row["seconds_low"] <= row["seconds"] <= row["seconds_high"]
        assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
        assert row["turns"] >= 3
        assert row["wall"] > 0
        assert row["wall_ratio"] > 0


def test_what_there_is_no_time_for_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Size] = []

    def nothing(size: Size, *others: object, **more: object) -> list[object]:
        asked.append(size)
        return []

    monkeypatch.setattr("qgan.studies.bench.layer.compare", nothing)
    assert list(layer_rows(end=time.perf_counter() - 1)) == []
    assert list(dict.fromkeys(asked)) == [QUOTED, DEEPER], "what is quoted is always measured"
    list(layer_rows())
    assert len(set(asked)) > 5


def test_counts_are_those_of_the_matrix_products() -> None:
    found = counts(QUOTED)
    assert found["product forward"]["operations"] == 2 * 384 * 66 * 512
    assert found["circuit forward"]["operations"] < found["product forward"]["operations"] / 5


def test_the_layer_keeps_less_for_backward_than_pennylane() -> None:
    kept = kept_for_backward(Size(4, 2, 4, 9, 64))
    assert kept[OURS] < kept["PennyLane broadcast"] / 2
    assert kept["dense layer"] >= 64 * 9 * 4


@pytest.mark.slow
def test_growth_and_capacity_are_numbers() -> None:
    power = growth()["batch 1 to 256"]
    assert power.low < power.value < power.high < 1
    assert all(0 <= row["entanglement"] <= 1 for row in capacity_table())
