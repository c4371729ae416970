"""Verification in twelve steps; entries, receipts and histories by the same rules."""
