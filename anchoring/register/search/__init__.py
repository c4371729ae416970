"""How certificates are found: by number, holder or document, and by what their records state."""
