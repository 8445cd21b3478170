"""The recipe published in 2025 for a quantum GAN of jet images, for comparison on equal terms.

Its networks, and what it does to conditions and pixels; its losses stand in :mod:`qgan.losses.published`.
"""

from .blueprint import PublishedBlueprint
from .networks import PublishedDiscriminator, PublishedGenerator

__all__ = ["PublishedBlueprint", "PublishedDiscriminator", "PublishedGenerator"]
