"""What a model or a file of generated jets reaches, in a few plain values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..data import embedded_jets, read_jets
from ..data.convert import crop_to
from ..data.made import generator_of
from ..data.shipped import shipped_set
from ..evaluation import Reference
from ..evaluation.effort import QUICK_JETS, effort
from ..evaluation.features import FEATURES
from ..sampling.pretrained import read_card
from .compare.headlines import HeadlineValue, from_plain
from .compare.text import measured, title

#: Jets of a file that are looked at: enough for :data:`QUICK_JETS` of each class.
_LOOK = 20_000
_W1 = ("w1_worst", "w1_median")


def model_summary(model: str | Path) -> dict[str, Any]:
    """What is known of a model, with its figures by class: value ± error (what real jets reach).

    Raises:
        CheckpointError: it is missing or damaged.
    """
    card = read_card(model)
    figures = {group: {title(name): measured(figure, name) for name, figure in values.items()}
               for group, values in from_plain(card["quality"]["figures"]).items() if group != "all"}
    told = ("name", "step", "training_seed", "trained_on", "training_jets", "parameters", "command", "environment")
    return {**{key: card.get(key) for key in told}, "classes": card["source"]["class_names"],
            "frame": card["source"]["frame"], "quality": figures}


def w1_of_file(path: str | Path, **options: Any) -> dict[str, dict[str, str]]:
    """W1 of generated jets against the test jets that ship, by class: value ± error (what real jets reach).

    Worst and median of the observables, in standard deviations of the real jets, on at most a thousand jets of each
    class. Empty for jets that no generator made, or of classes, pixels or a frame that do not ship.
    """
    jets = read_jets(path, stop=_LOOK, **options)
    shipped = shipped_set(jets.class_names)
    if shipped is None or generator_of(jets) is None:
        return {}
    try:
        test, train = (crop_to(embedded_jets(shipped, split), jets.grid) for split in ("test", "train"))
        plan = replace(effort(QUICK_JETS, quick=True), names=FEATURES, together=False)
        evaluation = Reference.by(test, train, plan, seed=0).judge(jets, metrics=["w1"])
    except DataError:
        return {}
    return {group: {title(name): measured(HeadlineValue.of(row), name)
                    for name, row in evaluation.headlines(group).items() if name in _W1}
            for group in evaluation.groups}
