"""The replica 本地副本: what a node knows from the chain alone, stored, read and checked."""
