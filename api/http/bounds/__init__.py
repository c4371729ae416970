"""The bounds of requests: connection, head and body, and all of a process together."""
