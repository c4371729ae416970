"""Everything goes wrong at random for a while; then nothing may be lost, doubled or wrong.

On real parts. See `__main__`.
"""
