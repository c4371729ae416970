"""Signatures of persons and timestamps, wherever they stand."""
