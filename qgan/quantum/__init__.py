"""Quantum circuits as torch layers: the circuit, its readouts, and what it would cost on hardware."""

from .circuits import CircuitError, random_layers, weight_shape
from .layer import QuantumLayer, embed
from .readout import READOUTS

__all__ = ["READOUTS", "CircuitError", "QuantumLayer", "embed", "random_layers", "weight_shape"]
