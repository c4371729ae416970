"""The statements of departments: identifiers, claims, records, submissions, lineages."""
