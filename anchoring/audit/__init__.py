"""The audit: everything that a node holds derived anew, and every difference named."""
