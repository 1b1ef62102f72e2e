"""The only door to GitHub's REST API."""
