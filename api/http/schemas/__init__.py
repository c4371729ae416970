"""The shapes of requests and answers over HTTP. Digests are `sm3:<hex>`."""
