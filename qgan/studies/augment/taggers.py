"""What tells the two classes of jets apart, trained on one set of jets and applied to another.

Trainings on few real jets and on these with many others are of one length and one capacity, so that only the jets
differ: copies of the real ones change nothing. Every choice here was made on the embedded validation jets.
"""

from __future__ import annotations

import numpy as np
import torch

from ...base.seeding import integer_seed
from ...taggers import TAGGERS, Alike, Labelled, Seen, Setting
from .subsets import VALIDATION, Observed, TaggerJets

#: Of every network: steps, jets in each (no more than the fewest jets there can be), looks at the validation jets, the
#: best of which is kept, and the rate.
STEPS, BATCH, LOOKS, RATE = 400, 32, 10, 1e-3


def scores(tagger: str, jets: TaggerJets, test: Observed, seed: int, device: torch.device) -> np.ndarray:
    """Of the test jets, (N,), larger for label 1, by a tagger of this name that is trained on ``jets``."""
    # As many jets stop every training of a size, so these tell how many of its real ones are fitted.
    alike = Alike(len(jets.validation) * (1 - VALIDATION) / VALIDATION, STEPS, BATCH, LOOKS, RATE)
    kind = TAGGERS[tagger]
    training, validation = (Labelled(_seen(part), part.jets.label) for part in (jets.train, jets.validation))
    fitted = kind.fit(training, validation, Setting(integer_seed(seed, kind.kind), device, alike=alike))
    return fitted.scores(_seen(test))[:, 1]


def _seen(observed: Observed) -> Seen:
    return Seen(observed.jets.grid, observed.jets.units, images=observed.jets.images, observables=observed.values)
