"""A node as its settings describe it: node.toml, policies, its port, its key."""
