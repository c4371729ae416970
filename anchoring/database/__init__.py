"""The databases of a node and its files: opened, and written so that a crash breaks nothing."""
