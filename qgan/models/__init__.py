"""The networks: generator, discriminator, the published ones, and the linear controls of the quantum layer."""

from .blueprint import Blueprint
from .core import Core
from .discriminator import OBSERVABLES, Discriminator
from .generator import Generator
from .jet_generator import JetGenerator
from .pixels import PixelStatistics
from .published import PublishedDiscriminator, PublishedGenerator

__all__ = ["OBSERVABLES", "Blueprint", "Core", "Discriminator", "Generator", "JetGenerator", "PixelStatistics",
           "PublishedDiscriminator", "PublishedGenerator"]
