"""Simulated jets: Pythia 8 for the events, FastJet for the jets (``pip install 'qgan[simulate]'``).

Please cite Pythia (arXiv:2203.11601) and FastJet (arXiv:1111.6097) in work that uses these jets.
"""

from .processes import PROCESSES, Process
from .production import simulate

__all__ = ["PROCESSES", "Process", "simulate"]
