"""The register of an issuing city: its tables, what stands in them, the proofs that are made from them."""
