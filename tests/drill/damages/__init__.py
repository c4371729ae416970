"""Damage by database and table, in one table."""
