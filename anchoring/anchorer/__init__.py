"""The anchorer: freezes what was accepted into batches and brings them onto the chain."""
