"""OFD documents (GB/T 33190): the archive, its signatures, and signing one."""
