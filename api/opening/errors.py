"""Why documents are not opened now."""


class TooManyDocuments(Exception):
    """As many documents are being opened as this process opens at once; those of this request were not looked at."""
