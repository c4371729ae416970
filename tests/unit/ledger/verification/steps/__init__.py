"""Scenes by the step of verification that they are about; `test_verification` runs them all."""
