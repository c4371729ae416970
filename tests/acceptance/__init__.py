"""What people do, with real nodes and a real chain.

Most of it with the two cities of `conftest.py`.
"""
