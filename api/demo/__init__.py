"""`shunzheng demo`: a chain, two cities, and the whole story of a licence, told as it happens."""
