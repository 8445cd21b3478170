"""Do jets follow their conditions as real ones do: slices of what was asked, and small steps of one condition."""

from .interpolation import Path, interpolate, paths
from .slicing import CONDITIONS, OBSERVED, Slice, slices

__all__ = ["CONDITIONS", "OBSERVED", "Path", "Slice", "interpolate", "paths", "slices"]
