"""Silence what C libraries print on standard error: bad signatures would fill the log.

GmSSL prints a line for each signature that is not good, and offers no way to turn that off. Here the C library's own
`stderr` is led to the null device. Python does not print through it, nor does the C library where it ends a process.
"""

import ctypes
import os
import sys


def silence_libraries() -> None:
    """Let C's `stderr` lead nowhere in this process, where the C library is glibc; elsewhere nothing is changed."""
    if sys.platform != "linux" or "CS_GNU_LIBC_VERSION" not in os.confstr_names or not _is_glibc():
        return
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    null_file = libc.fopen(os.devnull.encode(), b"w")
    if null_file:
        ctypes.c_void_p.in_dll(libc, "stderr").value = null_file


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False
