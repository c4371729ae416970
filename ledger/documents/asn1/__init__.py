"""The ASN.1 of seals, signatures and certificates, with its algorithms and its text."""
