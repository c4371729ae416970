"""The department's side: drafting, signing, handing in, receipts, changes, seals. Keys stay on this side."""
