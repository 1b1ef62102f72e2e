"""What a study works on: issues with hidden tests, and their repositories."""
