"""Electronic seals 电子印章, what was signed with them, and how trials make both."""
