"""Who may ask a register, who did, and how many there ever were of both."""
