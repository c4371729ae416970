"""A proof on paper: its code as QR, alone or on a page with what it is of."""
