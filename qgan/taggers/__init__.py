"""Classifiers that tell jets apart: class from class, real from generated."""
