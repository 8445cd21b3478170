"""The ``qgan`` command: every module of this package is one of its commands, its function ``main`` what it does."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.console import Program

PROGRAM = Program(
    name="qgan",
    description="Images of particle jets from a quantum GAN: simulate, train, generate, evaluate.",
    package="qgan.cli",
    examples="""\
qgan train --out runs/first --steps 200
qgan generate --run runs/first --n 10000 --out fake.h5
qgan evaluate fake.h5 --plots plots/
""",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    return PROGRAM.run(argv)
