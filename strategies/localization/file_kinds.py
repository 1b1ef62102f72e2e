"""What a path says of its file: a test, prose, a configuration file, or nothing that is read as text."""

from __future__ import annotations

import re

_SKIP = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|third_party|dist|\.venv|site-packages|__pycache__|\.git)/"
    r"|\.(?:min\.js|min\.css|map|svg|lock|snap|csv|tsv|ipynb|po|pot|mo|pem|crt|pdf|png|jpe?g|gif|ico|woff2?|ttf|eot|zip"
    r"|gz|jar|so|dll|exe|bin|pyc|class)$|(?:^|/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|go\.sum|Cargo\.lock)$",
    re.IGNORECASE,
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|specs?|e2e|fixtures|testdata|bench(?:es|marks?)?)/"
    r"|(?:^|/)(?:test_[^/]*|conftest|tests?)\.py$|(?:^|/)tests?\.[cm]?[jt]sx?$"
    r"|_test\.(?:go|py|rb|cc|cpp)$|\.(?:test|spec)(?:-d)?\.[cm]?[jt]sx?$|Tests?\.(?:java|kt|cs|scala)$",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"\.(?:md|rst|txt|adoc|html?)$|(?:^|/)(?:docs?|changes|changelog|news|examples?|website)(?:/|\.|$)", re.IGNORECASE
)
_CONFIGURATION = re.compile(
    r"\.(?:ya?ml|toml|cfg|ini|json5?|xml|properties|gradle|kts|conf|env|mod|sum|nix)$"
    r"|(?:^|/)(?:setup\.py|conf\.py|noxfile\.py|tasks\.py|[^/.]+|\.[^/]+)$"
    r"|(?:^|/)[^/]*(?:rc|config|\.conf)\.(?:[cm]?[jt]s)$|(?:^|/)\.[^/]+/",
    re.IGNORECASE,
)
"""A file without an ending (`Makefile`, `LICENSE`, `pylintrc`) is none that a fix changes, either."""


def is_skipped(path: str) -> bool:
    """Whether a file is generated, vendored or no text, and is found by its path only."""
    return bool(_SKIP.search(path))


def is_test(path: str) -> bool:
    """Whether a path looks like a test or a fixture."""
    return bool(_TEST.search(path))


def is_prose(path: str) -> bool:
    """Whether a path looks like documentation or an example."""
    return bool(_PROSE.search(path))


def is_configuration(path: str) -> bool:
    """Whether a path looks like what configures a build or a tool, not like code that runs for a user."""
    return bool(_CONFIGURATION.search(path))
