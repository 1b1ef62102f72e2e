"""Which files and lines an issue is about, found without a model."""
