"""Anomaly detection on jet images: train on quark jets alone, then look for what they are not."""
