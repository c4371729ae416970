"""The evidence that travels with a document: its JSON form, its printed form, its newest status."""
