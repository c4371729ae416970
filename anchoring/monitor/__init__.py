"""The monitor: it fetches other logs' public entries and checks them against the anchors."""
