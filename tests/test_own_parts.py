"""Networks, a loss, a circuit and a callback of a user's own: handed to a training, kept by name, used again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import own_parts
import pennylane as qml
import pytest
import torch
from own_parts import Dense, HardestPixel, Judge, doubled, ladder, rotated
from small_training import small, trainer_from
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.data import write_jets
from qgan.quantum import QuantumLayer
from qgan.quantum.circuits import list_gates
from qgan.runs import checkpoint
from qgan.sampling.source import load_source
from qgan.training.experiment import train

JETS = toy_jets(100, 1)


def test_all_parts_train_and_the_run_finds_them_again(tmp_path: Path) -> None:
    told: list[tuple[int, set[str]]] = []
    run = train(small({"steps": 2}), data=JETS, out=tmp_path / "run", quiet=True, generator=Dense, discriminator=Judge,
                losses=[(HardestPixel(), 2.0)], callbacks=[lambda step, figures: told.append((step, {*figures}))])
    assert [step for step, figures in told if "loss/generator" in figures] == [1, 2]
    assert [step for step, figures in told if "loss/hardest" in figures] == [1, 2]
    saved = checkpoint.load(run.checkpoint)
    assert saved.configuration["generator"]["architecture"] == "own_parts:Dense"
    assert saved.configuration["discriminator"]["architecture"] == "own_parts:Judge"
    source = load_source(run.path)
    jets = source.sample(40, 1, fixed={"image_pt": 270.0})
    np.testing.assert_allclose(jets.images.sum((1, 2)), 270, rtol=1e-4)
    assert any(isinstance(module, Dense) for module in source.generator.modules())
    longer = train(small({"steps": 4}), data=JETS, out=run.path, resume=True, quiet=True, generator=Dense,
                   discriminator=Judge, losses=[(HardestPixel(), 2.0)])
    assert checkpoint.load(longer.checkpoint).step == 4


@pytest.mark.parametrize("symmetry", ["none", "average", "exact"])
def test_own_networks_in_every_symmetry(tmp_path: Path, symmetry: str) -> None:
    write_jets(tmp_path / "jets.h5", JETS)
    options = {"symmetry": symmetry, "generator.architecture": "own_parts:Dense",
               "discriminator.architecture": "own_parts:Judge"}
    trainer = trainer_from(small(options), tmp_path / "jets.h5")
    before = [p.clone() for p in trainer.generator.parameters()]
    assert all(np.isfinite(float(v)) for record in trainer.run(2) for v in record.figures.values())
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.generator.parameters(), strict=True))


def test_a_circuit_of_pennylane_gates_is_run_by_the_fast_engine() -> None:
    layer = QuantumLayer(in_features=5, n_qubits=3, n_layers=2, circuit="own_parts:ladder", readout="expval")
    assert layer.weights.shape == (2, 3)
    x = torch.linspace(-1, 1, 10).reshape(2, 5)

    @qml.qnode(qml.device("default.qubit", wires=3))  # type: ignore[untyped-decorator]
    def reference(state: np.ndarray) -> list[object]:
        qml.StatePrep(state, wires=range(3), normalize=True, pad_with=0)
        ladder(layer.weights.detach().numpy(), [0, 1, 2])
        return [qml.expval(qml.PauliZ(wire)) for wire in range(3)]

    for row, found in zip(x, layer(x), strict=True):
        expected = reference(np.concatenate(([1.0], row.numpy())))
        np.testing.assert_allclose(found[:3].detach(), np.array(expected, float), atol=1e-5)


def test_gates_made_of_rotations_are_taken_apart_and_no_others() -> None:
    gates = list_gates(rotated, 2, 1, 6)
    assert gates[:, 3].tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(ConfigError, match=r"circuit: RY on \[0\]: expected RX, RY, RZ by one of the weights"):
        list_gates(doubled, 2, 1)


def test_a_circuit_is_named_by_the_run(tmp_path: Path) -> None:
    run = train(small({"steps": 1}), data=JETS, out=tmp_path / "run", quiet=True, circuit=ladder)
    assert checkpoint.load(run.checkpoint).configuration["generator"]["circuit"] == "own_parts:ladder"
    assert len(load_source(run.path).sample(5, 1)) == 5


@pytest.mark.parametrize(("parts", "said"), [
    ({"generator": lambda *_: None}, "generator: .*expected a class or function at the top of a module"),
    ({"generator": "own_parts:Missing"}, "nothing in own_parts is called Missing"),
    ({"generator": own_parts.Judge}, "own_parts:Judge: cannot be made of .*: AttributeError: 'tuple' object"),
    ({"generator": own_parts.Silent}, "own_parts:Silent: has no noise_features"),
    ({"discriminator": own_parts.nothing}, "own_parts:nothing: gives NoneType, expected a torch.nn.Module"),
])
def test_what_is_no_part_is_named(tmp_path: Path, parts: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        train(small(), data=JETS, out=tmp_path / "run", quiet=True, **parts)  # type: ignore[arg-type]


SCRIPT = '''
import numpy as np, pennylane as qml, torch, qgan

class Judge(torch.nn.Module):
    def __init__(self, n_conditions, grid):
        super().__init__()
        self.layer = torch.nn.Linear(n_conditions + grid.height * grid.width, 1)
    def forward(self, images, conditions):
        return self.layer(torch.cat((images.flatten(1), conditions), 1)).squeeze(1)

def ladder(weights, wires):
    for layer in weights:
        for place, wire in enumerate(wires):
            qml.RY(layer[place], wires=wire)
            qml.CNOT(wires=[wire, wires[place - 1]])

rng = np.random.default_rng(0)
images, labels = rng.gamma(0.3, 3.0, (300, 16, 16)), rng.choice(["qcd", "w", "top"], 300)
own = {"n_pv": rng.poisson(40, 300), "pt": images.sum((1, 2))}
jets = qgan.JetImages.from_arrays(images, labels, own, half_width=1.0)
options = qgan.Configuration(steps=2, batch_size=16, device="cpu", data={"conditions": ["pt", "n_pv"]})
options.logging.quality, options.logging.costly = 0, 0
run = qgan.train(options, data=jets, out="run", discriminator=Judge, circuit=ladder, callbacks=[print], quiet=True)
made = qgan.load_model("run").sample(conditions={"label": ["w", "top", "qcd"], "n_pv": [35, 40, 45]})
qgan.write_jets("made.parquet", made)
print(made.label, made.conditions["n_pv"])
'''


def test_a_script_of_twenty_lines(tmp_path: Path) -> None:
    """Own arrays, three classes, an own condition, circuit and discriminator, a callback, a table in, Parquet out."""
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[-2] == "[2 1 0] [35. 40. 45.]"
    assert "loss/generator" in done.stdout
    told = checkpoint.load(tmp_path / "run" / "checkpoint.pt").configuration
    assert (told["generator"]["circuit"], told["discriminator"]["architecture"]) == (
        "__main__:ladder", "__main__:Judge")
    assert (tmp_path / "made.parquet").is_file()
