"""The replica 本地副本: what a node knows from the chain alone, how it is read, and its check against itself."""
