"""What arrives from GitHub, recorded once, with what it changes at once."""
