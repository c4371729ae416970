"""The processes of a node: how they are started, rest and wait, and what they report."""
