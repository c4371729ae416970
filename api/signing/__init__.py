"""Signing where the key is: in a file, a program, a signing server, a PKCS#11 token."""
