"""``anomaly baselines``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from qgan.base.kinds import Jets, Json, Overwrite, Positive, Quiet, Seed
from qgan.data.reading import Reading


def main(*, reading: Reading, data: Sequence[Jets] | None = None, test: Sequence[Jets] | None = None,
         usual: Sequence[str] = ("quark",), size: Positive = 12,
         resize: Literal["pool", "area"] = "pool", components: Sequence[Positive] = (4, 16), seed: Seed = 0,
         json: Json | None = None, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Score jets without a network.

    By sums and counts of pixels, and by what principal components, fitted on the usual jets alone, cannot reconstruct.

    Args:
        data: usual jets to fit on (default: the training jets that ship).
        test: jets of both classes to score (default: the test jets that ship).
        usual: the class that is no anomaly, or several.
        size: resize to this many pixels a side.
        resize: add whole pixels, or share them out by area.
        components: how many principal components.
        seed: of the errors' bootstrap.

    Examples:
        anomaly baselines
        anomaly baselines --usual gluon --json scores.json
        anomaly baselines --test generated.h5
    """
    from qgan.base.io import write_json
    from qgan.data import embedded_jets

    from ..baselines import baselines, table
    from ..configuration import DataOptions
    from ..preparation import embedded_set, embedded_usual, jets_of

    name = "+".join(usual)
    options = DataOptions(jets=embedded_set(name), normal=name)
    train = jets_of(reading.of(data)) if data else embedded_usual(options, "train")
    tested = jets_of(reading.of(test)) if test else embedded_jets(options.jets, "test", mixed=False)
    scores = baselines(train, tested, name, size=size, method=resize, components=components, seed=seed)
    if json:
        write_json(json, [s.to_dict() for s in scores], overwrite)
    if not quiet:
        print(f"{name} jets are usual; {scores[0].n_background} of them and {scores[0].n_signal} others are scored\n\n"
              f"{table(scores)}")
