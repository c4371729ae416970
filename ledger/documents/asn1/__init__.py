"""The ASN.1 of seals, signatures and certificates, the algorithms that it names, the text that it holds."""
