"""Fictional licences of Tianmen for trials and tests, and the program that makes them."""
