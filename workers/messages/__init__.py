"""What Pennyfix says on GitHub, as pure text."""
