"""From jets and a configuration to a trained generator in a run folder."""
