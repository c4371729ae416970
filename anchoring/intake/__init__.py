"""Intake: a submission is read, checked, and written into the register whole, or refused with its rows named."""
