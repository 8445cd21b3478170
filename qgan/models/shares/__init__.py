"""Networks that make each pixel's share of a jet themselves, circuits and their classical rivals, at any size."""

from .registry import SHARES, ShareSetting, trained_numbers

__all__ = ["SHARES", "ShareSetting", "trained_numbers"]
