"""What departments state: identifiers, claims, records, the submissions that they sign, the life of a certificate."""
