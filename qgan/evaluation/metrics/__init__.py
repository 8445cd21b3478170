"""A file for each metric, or for several that are found together; each registers what it finds."""
