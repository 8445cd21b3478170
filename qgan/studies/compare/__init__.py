"""Generators side by side: trained, sampled and judged alike, beside real jets and negative controls."""
