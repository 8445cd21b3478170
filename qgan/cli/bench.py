"""``qgan bench``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from ..base.kinds import Device, Jets, Json, Overwrite, Pictures, Quiet, Run, Seed, Threads
from ..base.usage import UsageError
from ..data.reading import Reading

Part = Literal["layer", "shares", "capacity", "gan", "sampling", "simulation", "memory"]
PARTS: tuple[Part, ...] = get_args(Part)


def main(*, reading: Reading, quick: bool = False, only: Sequence[Part] | None = None, threads: Threads | None = None,
         device: Device = "cpu", seed: Seed = 0, data: Sequence[Jets] | None = None, run: Run | None = None,
         json: Json | None = None, plots: Pictures | None = None, overwrite: Overwrite = False,
         quiet: Quiet = False) -> None:
    """Measure the layer, the training and the sampling, side by side and taking turns.

    The quantum layer against PennyLane, other simulators and a dense layer; circuits that make the pixels against a
    perceptron of equal size; a training step against one with a classical control; sampling against the simulation;
    memory.

    Args:
        quick: under five minutes on two cores, with fewer sizes and repetitions.
        only: some of the parts (default: all).
        device: of the layer, the training and the sampling: cpu, cuda or auto; PennyLane stays on the CPU.
        seed: of circuits, weights and jets.
        data: jets to train on (default: those that ship).
        run: sample from the generator of this run (default: one of a few steps).
        plots: write a picture of the layer's times here, as PNG.

    Examples:
        qgan bench --quick --threads 2 --json bench.json --plots bench/
        qgan bench --only gan sampling --data w.h5 qcd.h5
    """
    if plots and only and "layer" not in only:
        raise UsageError("--plots: shows the part layer, which --only leaves out")
    from ..base.io import write_json
    from ..studies.bench import as_text, bench

    result = bench(quick=quick, threads=threads or 0, seed=seed, device=device, parts=only or PARTS,
                   data=data and reading.of(data), run=run, quiet=quiet)
    if json:
        write_json(json, result, overwrite)
    if plots:
        from ..report.plots import save_figure
        from ..studies.bench.plot import bench_plot

        plots.mkdir(parents=True, exist_ok=True)
        save_figure(bench_plot(result["layer"]["rows"]), plots / "bench.png", overwrite)
    if not quiet:
        print(as_text(result))
