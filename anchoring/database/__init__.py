"""Open the databases of a node, and write files and rows so that a crash leaves the old or the new."""
