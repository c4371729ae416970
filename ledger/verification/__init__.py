"""Verification in twelve steps, and what else is judged by the same rules: entries, receipts, histories."""
