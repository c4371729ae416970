"""Files that hold tables, whatever kind they are: told by their content, read row by row within limits."""
