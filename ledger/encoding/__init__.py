"""Bytes and text in their one exact form: canonical JSON, times, DER, compressed bytes."""
