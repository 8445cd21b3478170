"""Quantum circuits as torch layers: the circuit, its readouts, and what it would cost on hardware."""

from .angle_layer import AngleLayer
from .circuits import CIRCUITS, CNOT, RX, RY, RZ, CircuitError, random_layers, weight_shape
from .cost import HardwareCost, hardware_cost
from .layer import QuantumLayer, embed
from .pennylane_circuit import Backend
from .readout import READOUTS

__all__ = [
    "CIRCUITS",
    "CNOT",
    "READOUTS",
    "RX",
    "RY",
    "RZ",
    "AngleLayer",
    "Backend",
    "CircuitError",
    "HardwareCost",
    "QuantumLayer",
    "embed",
    "hardware_cost",
    "random_layers",
    "weight_shape",
]
