"""What a person types: the verbs of `pennyfix`, and what they print."""
