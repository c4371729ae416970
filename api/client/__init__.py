"""Asking nodes over HTTP, and doing without: how the command line, the monitor and an inspector get answers."""
