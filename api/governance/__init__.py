"""Governing a registry: acts from options, in words, sent, and the registry read back."""
