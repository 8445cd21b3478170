"""Whole questions, answered with everything below: what compares, augments, slices, measures."""
