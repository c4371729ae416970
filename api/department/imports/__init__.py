"""Tables of departments, as their systems export them, become records: read, mapped, checked, handed in."""
