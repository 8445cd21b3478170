"""Quantum circuits as torch layers: the circuit, its readouts, and what it would cost on hardware."""

from .circuits import CircuitError, random_layers, weight_shape
from .cost import HardwareCost, hardware_cost
from .layer import QuantumLayer, embed
from .readout import READOUTS

__all__ = [
    "READOUTS",
    "CircuitError",
    "HardwareCost",
    "QuantumLayer",
    "embed",
    "hardware_cost",
    "random_layers",
    "weight_shape",
]
