"""Rows as people give them: read, compared with what is registered, searched for slips."""
