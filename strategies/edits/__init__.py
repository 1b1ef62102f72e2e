"""From a model's answer to changed files: read, matched, applied."""
