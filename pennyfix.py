"""The command line: the front door, one verb per process or task."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
