"""The department's side: draft, sign and hand in records, keep receipts. Keys stay here."""
