"""Let people ask: HTTP, pages and the command line over `anchoring` and `ledger`."""
