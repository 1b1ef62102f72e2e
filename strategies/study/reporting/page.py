"""One self-contained HTML page: sections of charts, tables and sentences. No script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
:root{--ink:#1c2430;--soft:#5b6675;--line:#c9ced6;--grid:#e8ebf0;--paper:#fff;--dot:#8a95a5;--front:#0b6e4f;
--hull:#a05a00;--flip:#6b4fa0}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#9aa6b5;--line:#3a4452;--grid:#232b36;--paper:#12161c;
--dot:#7e8a9b;--front:#4fd0a0;--hull:#e5a54b;--flip:#b39cf0}}
body{margin:0 auto;padding:24px 20px 64px;max-width:920px;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:20px;margin:40px 0 8px}
p.lead{color:var(--soft);margin:0 0 16px}svg{width:100%;height:auto;display:block}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px;margin:12px 0}
caption{text-align:left;color:var(--soft);padding:0 0 6px}
th,td{padding:5px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td{overflow-wrap:anywhere}td:first-child{overflow-wrap:normal;min-width:9em}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr.best td:first-child{color:var(--front);font-weight:600}tr.reference td{color:var(--soft)}
ul{padding-left:20px}nav a{color:var(--front);margin-right:14px}
"""


@dataclass(frozen=True, slots=True)
class PageTable:
    """Rows of text cells. `kinds` marks a row as "best", "reference" or "".

    The first column is text, and those whose index is in `texts`; the others are figures.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kinds: tuple[str, ...] = ()
    texts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what belongs to it, drawn in this order: chart, sentences, tables. `svg` is trusted markup."""

    title: str
    svg: str = ""
    sentences: tuple[str, ...] = ()
    tables: tuple[PageTable, ...] = ()


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The whole page as HTML text; everything but the charts is escaped."""
    links = "".join(f'<a href="#s{i}">{escape(s.title)}</a> ' for i, s in enumerate(sections))
    body = "".join(_section(i, s) for i, s in enumerate(sections))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'<p class="lead">{escape(lead)}</p>'
        + (f'<nav aria-label="Sections">{links}</nav>' if len(sections) > 1 else "")
        + f"{body}</main></body></html>\n"
    )


def _section(number: int, section: Section) -> str:
    sentences = "".join(f"<li>{escape(s)}</li>" for s in section.sentences)
    return (
        f'<section id="s{number}"><h2>{escape(section.title)}</h2>{section.svg}'
        + (f"<ul>{sentences}</ul>" if sentences else "")
        + "".join(_table(t) for t in section.tables)
        + "</section>"
    )


def _table(table: PageTable) -> str:
    text = {0, *table.texts}
    head = "".join(_cell("th", c, figure=i not in text) for i, c in enumerate(table.head))
    kinds = table.kinds or ("",) * len(table.rows)
    rows = "".join(
        (f'<tr class="{kind}">' if kind else "<tr>")
        + "".join(_cell("td", c, figure=i not in text) for i, c in enumerate(row))
        + "</tr>"
        for row, kind in zip(table.rows, kinds, strict=True)
    )
    return (
        f'<div class="scroll"><table><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(tag: str, text: str, *, figure: bool) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    kind = ' class="n"' if figure else ""
    return f"<{tag}{scope}{kind}>{escape(text)}</{tag}>"
