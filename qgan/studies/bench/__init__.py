"""``qgan bench``: what the quantum layer, the training and the sampling cost, side by side in one run."""

from .layer import DEEPER, QUOTED, Size, compare, growth, kept_for_backward, layer_rows
from .marks import Mark, marks
from .run import PARTS, bench, capacity_table, counts
from .text import as_text, layer_table
from .timing import machine, take_turns

__all__ = [
           "DEEPER",
           "PARTS",
           "QUOTED",
           "Mark",
           "Size",
           "as_text",
           "bench",
           "capacity_table",
           "compare",
           "counts",
           "growth",
           "kept_for_backward",
           "layer_rows",
           "layer_table",
           "machine",
           "marks",
           "take_turns",
]  # fmt: skip
