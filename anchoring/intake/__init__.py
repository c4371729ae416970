"""Intake: a submission is checked and written whole, or refused with its rows named."""
