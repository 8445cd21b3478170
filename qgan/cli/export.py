"""``qgan export``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..base.kinds import Folder, Jets, Overwrite, Positive, Quiet, Run, Seed
from ..data.reading import Reading


def main(run: Run, *, name: str, reading: Reading, out: Folder = Path("models"), test: Sequence[Jets] | None = None,
         data: Sequence[Jets] | None = None, n: Positive = 5000, seed: Seed = 0, quick: bool = False,
         calibrate: bool = False, onnx: bool = False, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Make a model that can ship of a run, or of another model.

    Measures its averaged generator on held-out jets and writes NAME.safetensors and NAME.json, which qgan generate
    --model reads, and NAME.md, the page of a model on the Hugging Face hub (README.md there).

    Args:
        run: folder of a run, as made by qgan train; or a model, by the name of one that ships or its .safetensors
            file.
        name: of the model.
        out: where the files go.
        test: held-out jets (default: the test jets that ship).
        data: the jets it was trained on, for floors (default: the training jets that ship).
        n: jets per class that are judged.
        seed: of the jets that are judged.
        quick: a short evaluation, for a try.
        calibrate: map the sizes of pixels, so that there are as many of each as in the training jets.
        onnx: write NAME.onnx too, the generator for programs without torch (pip install 'qgan[onnx]').
        overwrite: replace a model of that name.

    Examples:
        qgan export runs/w_qcd --name w_qcd --onnx
        qgan export runs/mine --name mine --out models/ --test held_out.h5 --data train.h5
        qgan export w_qcd --name mine --calibrate --test held_out.h5 --data train.h5
    """
    from ..studies.export import export
    from .models import lines, told

    out.mkdir(parents=True, exist_ok=True)
    path = export(run, name, out, real=test and reading.of(test), reference=data and reading.of(data), n_per_class=n,
                  seed=seed, quick=quick, calibrate=calibrate, onnx=onnx, overwrite=overwrite)
    if not quiet:
        print("\n".join([f"{path}: {path.stat().st_size / 1e6:.1f} MB", *lines([told(path)])]))
