"""Types of certificates, their claims, seals, errands, and the words of departments' tables."""
