"""Files that hold tables: told by their content, read row by row within limits."""
