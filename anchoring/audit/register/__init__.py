"""Audit of a register: what it holds derived anew, and compared with the chain."""
