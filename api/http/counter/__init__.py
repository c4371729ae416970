"""The page of the counter: forms, confirmations, and what is shown to a clerk."""
