"""Everything goes wrong at random on real parts for a while; then nothing may be lost, doubled or wrong. See `__main__`."""
