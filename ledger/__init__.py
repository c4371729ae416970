"""Decide what is true: formats, trees, records, status, keys, and verification in twelve steps.

Pure: no network, database, clock, environment or randomness except through arguments. An auditor can vendor this
folder alone.
"""
