"""What every other room stands on: errors, files, seeds, progress, processes, the command line's frame."""
