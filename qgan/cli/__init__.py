"""The ``qgan`` command."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.console import Program

PROGRAM = Program(
    name="qgan",
    description="Images of particle jets from a quantum GAN: simulate, train, generate, evaluate.",
    package="qgan.cli",
    commands={
        "simulate": "make jets with Pythia 8 and FastJet",
        "train": "train a generator on jets",
        "generate": "make jets with a trained generator",
        "models": "list the trained generators that ship",
        "evaluate": "compare generated jets with real ones",
        "compare": "train and judge several generators and put them into one table",
        "export": "make a model that can ship of a run",
        "merge": "put jets of several files into one",
        "slices": "say whether jets follow their conditions as real ones do",
        "hardware": "say what finite shots and noise do to the jets",
        "augment": "say whether generated jets help to train a tagger, and what they are worth",
        "bench": "measure the layer, the training and the sampling side by side",
        "info": "say what is in a file of jets or in a run",
    },
    examples="""\
  qgan train --out runs/first --steps 200
  qgan generate --run runs/first --n 10000 --out fake.h5
  qgan evaluate fake.h5 --plots plots/
""",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    return PROGRAM.run(argv)
