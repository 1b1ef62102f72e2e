"""What a path says of its file: a test, prose, a configuration file, or nothing that is read as text."""

from __future__ import annotations

import re

from strategies.localization.symbols import READ_ENDINGS

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
CODE_ENDINGS = (
    *READ_ENDINGS,
    *(".css", ".scss", ".less", ".htm", ".html", ".jinja", ".jinja2", ".j2", ".erb", ".ejs", ".hbs", ".twig", ".astro"),
    *(".sh", ".bash", ".zsh", ".ps1", ".pl", ".pm", ".lua", ".r", ".jl", ".ex", ".exs", ".erl", ".hs", ".elm", ".ml"),
    *(".fs", ".clj", ".cljs", ".mts", ".cts", ".cxx", ".hh", ".m", ".mm", ".zig", ".nim", ".d", ".v", ".f90", ".sol"),
    *(".sql", ".proto", ".graphql"),
)
"""Endings, in lower case, of what runs or is rendered for a user, pages and templates with it: `app/news/models.py`
is no news. Such a file is prose or configuration by where it lies at the root only, or by a name that only a tool has.
"""
_ROOT = r"^(?:(?:packages|crates|libs|modules|plugins)/[^/]+/)?"
"""The repository's own folder, or that of a package in a repository of many."""
_PROSE = re.compile(r"\.(?:md|rst|txt|adoc)$", re.IGNORECASE)
_PROSE_NAME = re.compile(r"(?:^|/)(?:docs?|changes|changelog|news|examples?|website)(?:/|\.|$)", re.IGNORECASE)
_PROSE_FOLDER = re.compile(rf"{_ROOT}(?:docs?|examples?)/", re.IGNORECASE)
_CONFIGURATION = re.compile(
    r"\.(?:ya?ml|toml|cfg|ini|json5?|xml|properties|gradle|gradle\.kts|conf|env|mod|sum|nix)$"
    r"|(?:^|/)(?:[^/.]+|\.[^/]+)$|(?:^|/)\.[^/]+/"
    r"|(?:^|/)[^/]+\.conf(?:ig)?\.[cm]?[jt]s$"
    rf"|{_ROOT}(?:setup|conf|noxfile|tasks)\.py$",
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
    if _PROSE.search(path):
        return True
    return bool((_PROSE_FOLDER if path.lower().endswith(CODE_ENDINGS) else _PROSE_NAME).search(path))


def is_configuration(path: str) -> bool:
    """Whether a path looks like what configures a build or a tool, not like code that runs for a user."""
    return bool(_CONFIGURATION.search(path))
