"""The shapes in which HTTP asks and answers, as the interface description shows them. Digests are `sm3:<hex>`."""
