"""The register of an issuing city: its tables, its contents, the proofs made from them."""
