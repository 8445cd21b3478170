"""What a run leaves behind: its folder, configuration, checkpoints and records; and what it ran on.

TensorBoard is loaded by :mod:`qgan.report.tensorboard` alone.
"""

from .folder import RunFolder

__all__ = ["RunFolder"]
