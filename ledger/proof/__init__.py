"""The proof that travels with a document: as JSON, on paper, with status and links."""
