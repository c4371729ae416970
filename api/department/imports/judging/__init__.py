"""Rows of a table judged: cells, types, holders, days, and what a record would state."""
