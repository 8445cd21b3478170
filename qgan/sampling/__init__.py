"""Trained generators as sources of jets: conditions and their density, blocks of jets, models that ship."""
