"""How certificates are found: by number, holder or document, and by what records state."""
