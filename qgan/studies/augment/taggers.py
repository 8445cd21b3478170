"""What tells the two classes of jets apart, trained on one set of jets and applied to another.

Trainings on few real jets and on these with many others are of one length and one capacity, so that only the jets
differ: copies of the real ones change nothing. Every choice here was made on the embedded validation jets.
"""

from __future__ import annotations

import numpy as np
import torch

from ...base.seeding import integer_seed
from ...taggers import TAGGERS, Alike, Labelled, Setting
from .subsets import VALIDATION, TaggerJets

#: Of every network: steps, jets in each (no more than the fewest jets there can be), looks at the validation jets, the
#: best of which is kept, and the rate.
STEPS, BATCH, LOOKS, RATE = 400, 32, 10, 1e-3


def scores(tagger: str, jets: TaggerJets, test: Labelled, seed: int, device: torch.device) -> np.ndarray:
    """Of the test jets, (N,), larger for label 1, by a tagger of this name that is trained on ``jets``."""
    # As many jets stop every training of a size, so these tell how many of its real ones are fitted.
    training, validation = jets
    alike = Alike(len(validation) * (1 - VALIDATION) / VALIDATION, STEPS, BATCH, LOOKS, RATE)
    kind = TAGGERS[tagger]
    fitted = kind.fit(training, validation, Setting(integer_seed(seed, kind.kind), device, alike=alike))
    return fitted.scores(test.jets)[:, 1]
