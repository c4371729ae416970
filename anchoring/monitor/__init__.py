"""The monitor: it fetches the public entries of other logs and checks them against their anchors."""
