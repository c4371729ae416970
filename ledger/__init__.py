"""The core, which decides what is true: formats, trees, records, keys, verification.

Pure: no network, database, clock, environment or randomness except through arguments. An auditor can vendor this
folder alone.
"""
