"""Limits that several folders of the core share, each with its unit and reason.

A limit of one folder stands in that folder. What readers may rely on: docs/formats/README.md.
"""

from typing import Final

# Levels of arrays and objects in any canonical JSON, and in the code on paper.
MAX_NESTING: Final = 16
# Elements of a tree path: 2^40 positions is the largest log.
MAX_PATH: Final = 40
# Positions of one log: five bytes in a status word.
MAX_LOG_SIZE: Final = 2**40
# Records of one anchor.
MAX_ANCHOR_GROWTH: Final = 2**20
# Records of one submission: it is never split over anchors.
MAX_SUBMISSION_RECORDS: Final = MAX_ANCHOR_GROWTH
# Records of one submission that change a status, as every action but issue does. An anchor carries 10,000 words.
MAX_STATUS_RECORDS: Final = 4096
# Seconds by which a statement's time may lie ahead of the block that anchors it.
MAX_CLOCK_LEAD_SECONDS: Final = 600
# Seconds since 1970, the year 5138: milliseconds of our age lie beyond; the contract says the same.
MAX_BLOCK_TIME: Final = 10**11
