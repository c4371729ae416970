"""What is no longer, or never was, disclosed to a register, and how that is known."""
