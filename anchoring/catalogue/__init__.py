"""Reads the catalogue's folder and a city's, and holds the one that this process works with."""
