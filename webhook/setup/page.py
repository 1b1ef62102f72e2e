"""The set-up pages as HTML: one form to GitHub, and messages. Pure; everything that is put in is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem 1.5rem .3rem 0; vertical-align: top; }
th { font-weight: 600; }
code { overflow-wrap: anywhere; }
button { font: inherit; font-weight: 600; padding: .6rem 1.2rem; border: 0; border-radius: .4rem;
  background: #1a7f37; color: #fff; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 3px solid #4493f8; outline-offset: 2px; }
"""

PERMISSION_TEXTS: dict[str, str] = {
    "metadata": "see who may do what in the repository",
    "contents": "read the code, commit on branches of its own",
    "issues": "comment, label and react",
    "pull_requests": "open pull requests and answer reviews",
    "checks": "show a check, read others' failures",
}


def page(title: str, body: str) -> str:
    """A whole page. `body` is HTML already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Pennyfix</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def message(title: str, *sentences: str, link: tuple[str, str] | None = None) -> str:
    """A page with a few sentences and perhaps one link, (address, words)."""
    html = "".join(f"<p>{escape(s)}</p>" for s in sentences)
    if link is not None:
        html += f'<p><a href="{escape(link[0])}">{escape(link[1])}</a></p>'
    return page(title, html)


def form(action: str, manifest: Mapping[str, Any], owner: str) -> str:
    """The page with the button that takes the manifest to GitHub."""
    sent = escape(json.dumps(manifest, ensure_ascii=True), quote=True)
    rows = [
        (name, f"{level}: {PERMISSION_TEXTS.get(name, name)}")
        for name, level in manifest["default_permissions"].items()
    ]
    body = (
        f"<p>This registers the GitHub App “{escape(str(manifest['name']))}” for {escape(owner)}. GitHub shows it once "
        "more, lets you change the name, and sends you back here; then its keys are written on this machine.</p>"
        f"{_table('It asks to', rows)}"
        f"{_table('Addresses', _addresses(manifest))}"
        f'<form method="post" action="{escape(action, quote=True)}">'
        f'<input type="hidden" name="manifest" value="{sent}">'
        "<button>Create the App on GitHub</button></form>"
    )
    return page("Set up Pennyfix", body)


def _addresses(manifest: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return (
        ("deliveries", str(manifest["hook_attributes"]["url"])),
        ("sign-in", str(manifest["callback_urls"][0])),
        ("events", ", ".join(manifest["default_events"])),
    )


def _table(caption: str, rows: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td><code>{escape(words)}</code></td></tr>' for name, words in rows
    )
    return f"<h2>{escape(caption)}</h2><table>{lines}</table>"
