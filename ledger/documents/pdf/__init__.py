"""PDF documents (ISO 32000): their signatures, what came after those, and signing one."""
