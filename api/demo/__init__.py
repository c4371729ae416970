"""`shunzheng demo`: the story of a licence, on a development chain with two cities."""
