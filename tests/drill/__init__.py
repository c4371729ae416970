"""The drill: kinds of damage on copies of a stopped node, and what the audit says."""
