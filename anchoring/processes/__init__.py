"""The processes of a node: started and started again, how they rest and wait, what they say of themselves."""
