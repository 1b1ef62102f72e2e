"""Python: how it is installed and tested, and what its failures tell to try next."""
