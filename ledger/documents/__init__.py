"""Signed documents: what their own seals say, and how a proof travels inside them.

The core never imports this package.
"""
