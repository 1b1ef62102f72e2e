"""A stand-in for GitHub: for the demo, which has no account, and for tests, which must not need one.

It answers what GitHub answers to the operations Pennyfix uses, and nothing else. State is in memory,
repositories are real bare git repositories on disk. It refuses to be a GitHub for anything but this.
"""

from __future__ import annotations

from deploy.demo.github.standin import StandIn

__all__ = ["StandIn"]
