"""Tables of departments as they are: read, mapped by a profile, judged, handed in."""
