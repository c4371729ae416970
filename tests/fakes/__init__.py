"""Stand-ins that implement the production protocols.

Each is held to the real thing by test bodies that run on both.
"""
