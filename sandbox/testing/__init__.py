"""Test runs and their reports, and what makes them believable."""
