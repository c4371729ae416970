"""A report in words: for the page, and for the command line."""
