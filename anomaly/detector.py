"""A trained model with all it takes to score jets: preprocessing, the density of usual jets, and controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from qgan.base.devices import single_precision
from qgan.base.errors import CheckpointError, DataError
from qgan.base.plugins import load_plugins
from qgan.base.seeding import seeded
from qgan.data.grid import Grid
from qgan.data.jets import Frame, JetImages
from qgan.data.peculiar import fingerprints
from qgan.runs import RunFolder, checkpoint

from .configuration import ModelOptions, PreprocessingOptions
from .density import Density
from .models.controls import PrincipalComponents
from .models.interface import Autoencoder
from .models.registry import TRIVIAL, build
from .preparation import inputs
from .preprocess import prepare, resized, shares
from .training import BLOCK

#: Components of the control, and of the density of usual jets.
COMPONENTS, MIXTURE = 16, 4


@dataclass(frozen=True)
class Detector:
    """A trained model of the jets of one class.

    Attributes:
        options: the model's name and options.
        model: on its device.
        preprocessing: how jets become what the model takes.
        usual: the class that it was trained on, or several, ``w+qcd``.
        grid, frame, class_names: of the jets it was trained on; others are refused.
        density: of the model's features and the sum of the pixels, among the training jets.
        control: the density of the sum of the pixels alone.
        components: principal components of the training images.
        seen: (N,) uint64, fingerprints of the training jets; none of older runs.
        seed: of the random numbers of a score that has some (shots).
    """

    options: ModelOptions
    model: Autoencoder
    preprocessing: PreprocessingOptions
    usual: str
    grid: Grid
    frame: str
    class_names: tuple[str, ...]
    density: Density
    control: Density
    components: PrincipalComponents
    seed: int = 0
    seen: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64), repr=False)

    @classmethod
    def of(cls, options: ModelOptions, model: Autoencoder, preprocessing: PreprocessingOptions, usual: str,
           jets: JetImages, seed: int = 0) -> Detector:
        """Calibrates a trained model on the jets that it was trained on."""
        x = inputs(jets, preprocessing)
        device = next(model.parameters()).device
        with torch.no_grad(), seeded(seed, "calibrate"):
            model.eval().calibrate(torch.from_numpy(x).to(device))
        sums = x.sum((1, 2), dtype=np.float64)[:, None]
        features, = _blockwise(lambda block: (model.features(block),), model, x, seed)
        density = Density.fit(np.concatenate([features, sums], 1), MIXTURE, seed)
        components = PrincipalComponents.fit(x, min(COMPONENTS, x[0].size, len(x)))
        return cls(options, model, preprocessing, usual, jets.grid, jets.frame, jets.class_names, density,
                   Density.fit(sums, MIXTURE, seed), components, seed, fingerprints(jets))

    @single_precision()
    def scores(self, jets: JetImages) -> dict[str, np.ndarray]:
        """What the trained model says of each jet, (N,) by name: its score, and −log of the density.

        Raises:
            DataError: the jets have other pixels, another frame or other classes than those it was trained on.
        """
        x = self._prepare(jets)
        score, features = _blockwise(self.model.judge, self.model, x, self.seed)
        sums = x.sum((1, 2), dtype=np.float64)[:, None]
        return {"model": score, "model, density": self.density.score(np.concatenate([features, sums], 1))}

    def controls(self, jets: JetImages) -> dict[str, np.ndarray]:
        """What takes no network, (N,) by name."""
        x = self._prepare(jets)
        sums = x.sum((1, 2), dtype=np.float64)
        pooled = prepare(jets, self.preprocessing.size, "max", self.preprocessing.pooling)
        found = {name: trivial(jets, pooled) for name, trivial in TRIVIAL.items()}
        found[f"PCA {len(self.components.axes)}"] = self.components.score(x)
        # Shares of the jet's pT add up to 1, whatever the jet.
        return found if self.preprocessing.scaling == "sum" else found | {
            "pixel sum, density": self.control.score(sums[:, None])}

    @single_precision()
    def reconstruct(self, jets: JetImages) -> tuple[np.ndarray, np.ndarray, Grid] | None:
        """Shares of pT (N, H, W) of the images and of what the model makes of them, and where their pixels lie.

        None if the model makes no images.
        """
        if not self.model.reconstructs:
            return None
        x, norm = self._prepare(jets), self.preprocessing.scaling
        made, = _blockwise(lambda block: (self.model.reconstruct(block),), self.model, x, self.seed)
        made = made.astype(np.float32)
        grid = resized(jets[:1], self.preprocessing.size, self.preprocessing.pooling).grid
        return shares(x, norm), shares(made, norm), grid

    def try_out(self) -> None:
        """Scores a made-up jet: what is damaged in a file shows there at the latest, whatever it raises."""
        image = np.ones((1, *self.grid.shape), np.float32)
        self.scores(JetImages(image, np.zeros(1, np.int64), {}, self.grid, cast(Frame, self.frame), self.class_names))

    def to_dict(self) -> dict[str, Any]:
        """All but the model's weights, as plain values and tensors for a checkpoint."""
        components = {"mean": torch.from_numpy(self.components.mean), "axes": torch.from_numpy(self.components.axes),
                      "shape": list(self.components.shape)}
        edges = [*self.grid.eta_range, *self.grid.phi_range]
        return {"usual": self.usual, "grid": [self.grid.height, self.grid.width, *edges], "frame": self.frame,
                "class_names": list(self.class_names), "density": self.density.to_dict(),
                "control": self.control.to_dict(), "components": components,
                "seen": torch.from_numpy(self.seen.view(np.int64))}

    def _prepare(self, jets: JetImages) -> np.ndarray:
        for what, mine, theirs in (("image", self.grid, jets.grid), ("frame", self.frame, jets.frame),
                                   ("class_names", set(self.class_names), set(jets.class_names))):
            if mine != theirs:
                raise DataError(jets.source, what, f"{theirs} differs from {mine} of the training jets")
        return inputs(jets, self.preprocessing)


@single_precision()
def load_detector(run: str | Path, device: torch.device | str = "cpu") -> Detector:
    """The trained model of a run, its best epoch.

    Raises:
        CheckpointError: the folder holds no finished training of this package, its checkpoint is damaged, or a plugin
            that it needs is gone.
    """
    path = RunFolder.open(run).checkpoint
    saved = checkpoint.load(path)
    if "anomaly" not in saved.origin:
        raise CheckpointError(f"{path}: is no run of anomaly train")
    if not saved.transforms:
        raise CheckpointError(f"{path}: its training has not ended; go on with anomaly train --resume")
    with checkpoint.building(path, "autoencoder"):
        load_plugins(saved.configuration.get("plugins", []))
        options = ModelOptions(**saved.configuration["model"])
        preprocessing, seed = PreprocessingOptions(**saved.configuration["preprocessing"]), saved.configuration["seed"]
        model = build(options, (preprocessing.size, preprocessing.size), seed)
        saved.restore(path, {"best": model})
        detector = _from_dict(saved.transforms, options, preprocessing, model.to(device).eval(), seed)
        detector.try_out()
    return detector


def _from_dict(state: dict[str, Any], options: ModelOptions, preprocessing: PreprocessingOptions, model: Autoencoder,
               seed: int) -> Detector:
    height, width, *edges = state["grid"]
    grid = Grid(height, width, (edges[0], edges[1]), (edges[2], edges[3]))
    parts = state["components"]
    components = PrincipalComponents(np.asarray(parts["mean"]), np.asarray(parts["axes"]), tuple(parts["shape"]))
    return Detector(options, model, preprocessing, state["usual"], grid, state["frame"], tuple(state["class_names"]),
                    Density.from_dict(state["density"]), Density.from_dict(state["control"]), components, seed,
                    np.asarray(state.get("seen", np.empty(0, np.int64))).view(np.uint64))


def _blockwise(function: Callable[[Tensor], Sequence[Any]], model: Autoencoder, x: np.ndarray,
               seed: int) -> list[np.ndarray]:
    """What a function makes of the images, block by block without gradients on the model's device, as float64."""
    device = next(model.parameters()).device
    with torch.no_grad(), seeded(seed, "score"):
        blocks = [[part.double().cpu() for part in function(block.to(device))]
                  for block in torch.from_numpy(x).split(BLOCK)]
    return [torch.cat(parts).numpy() for parts in zip(*blocks, strict=True)]
