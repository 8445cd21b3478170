"""Scores of how unusual a jet is."""
