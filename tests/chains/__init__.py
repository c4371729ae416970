"""The whole story on doubles of other chains, by `make chains`."""
