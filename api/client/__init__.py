"""Clients of nodes over HTTP, and what does without a node: a snapshot."""
