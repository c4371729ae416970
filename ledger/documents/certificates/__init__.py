"""X.509 certificates: reading them, making them for trials, and whom a city accepts."""
