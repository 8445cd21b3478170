"""What a run leaves behind: its folder, configuration, checkpoints and records; and what it ran on."""
