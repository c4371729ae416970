"""Bytes and text in their one exact form: canonical JSON, its members, times, DER, bounded inflation."""
