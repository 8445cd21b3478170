"""Taggers tell jets apart: class from class, real from generated; each registered by name (:mod:`.registry`)."""

from .registry import TAGGERS, Alike, Fitted, Labelled, Setting, Tagger
from .seen import Seen, join

__all__ = ["TAGGERS", "Alike", "Fitted", "Labelled", "Seen", "Setting", "Tagger", "join"]
