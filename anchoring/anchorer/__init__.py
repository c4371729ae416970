"""The anchorer: it freezes what was accepted into batches and brings them onto the chain, one process a log."""
