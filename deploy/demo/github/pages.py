"""Pages of the stand-in for people: repositories, issues, pull requests with their diffs. Everything is escaped."""

from __future__ import annotations

import re
from html import escape

from markdown_it import MarkdownIt

from deploy.demo.github.state import DemoAccount, DemoComment, DemoIssue, DemoRepository, World

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --text: #1f2328; --paper: #fff; --link: #0969da; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --paper: #0d1117; --link: #4493f8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--paper); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
header { border-bottom: 1px solid var(--line); margin-bottom: 1rem; }
article { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; }
article > h2 { font-size: .9rem; font-weight: 600; margin: 0; padding: .5rem 1rem; background: var(--soft); }
article > div { padding: .5rem 1rem; overflow-x: auto; }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: .3rem .7rem; }
pre { background: var(--soft); padding: .7rem; overflow-x: auto; border-radius: 6px; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
.state { border-radius: 2em; padding: .1rem .8rem; background: #1a7f37; color: #fff; }
.closed { background: #8250df; } .draft { background: #59636e; }
.label { border: 1px solid var(--line); border-radius: 2em; padding: 0 .6rem; font-size: .85rem; }
.plus { background: #2da44e33; } .minus { background: #cf222e33; } .plus, .minus, .hunk, .same { display: block; }
.hunk { color: var(--link); }
details { margin: .5rem 0; }
"""
TAGS = re.compile(r"&lt;(/?(?:details|summary|sub|sup|b|i|br|kbd)(?: open)?\s*/?)&gt;")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def markdown(text: str) -> str:
    """Markdown as safe HTML: raw HTML is escaped but for a few harmless tags; hidden comments stay hidden."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    visible = COMMENT.sub("", text)
    spaced = re.sub(r"(</?details[^>]*>|</summary>)", r"\1\n\n", visible)
    return TAGS.sub(r"<\1>", parser.render(spaced))


def frame(title: str, body: str) -> str:
    """A whole page."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    home = '<header><p><a href="/">Stand-in for GitHub</a> (made for the demo; not GitHub)</p></header>'
    style = f"<title>{escape(title)}</title><style>{STYLE}</style>"
    return f'<!doctype html><html lang="en"><head>{head}{style}</head><body>{home}<main>{body}</main></body></html>'


def message(title: str, html: str) -> str:
    """A page that says one thing."""
    return frame(title, f"<h1>{escape(title)}</h1><p>{html}</p>")


def missing(path: str) -> str:
    """Nothing there."""
    return message("Not found", f"There is nothing at <code>{escape(path)}</code>.")


def sign_in(app: str, links: list[tuple[str, str]]) -> str:
    """Who are you? One link for each person."""
    items = "".join(f'<li><a href="{escape(href)}">{escape(login)}</a></li>' for login, href in links)
    return frame("Sign in", f"<h1>Sign in to {escape(app)} as</h1><ul>{items}</ul>")


def _said(author: DemoAccount, when: str, body: str, note: str = "") -> str:
    title = f"{escape(author.login)} {note or 'commented'} <time>{escape(when)}</time>"
    return f"<article><h2>{title}</h2><div>{markdown(body)}</div></article>"


def _reactions(it: DemoIssue | DemoComment) -> str:
    faces = {"eyes": "👀", "+1": "👍", "-1": "👎", "rocket": "🚀", "heart": "❤️", "hooray": "🎉", "confused": "😕"}
    return " ".join(faces.get(content, "🙂") for _, _, content in it.reactions)


def _diff(text: str) -> str:
    kinds = {"+": "plus", "-": "minus", "@": "hunk"}
    lines = (f'<span class="{kinds.get(x[:1], "same")}">{escape(x) or " "}</span>' for x in text.splitlines())
    return f"<pre>{''.join(lines)}</pre>"


def _files(repo: DemoRepository, it: DemoIssue) -> str:
    if it.pull is None:
        return ""
    changed = repo.objects.changes(it.pull.base_sha, it.pull.head_sha)
    html = "<h2>Files changed</h2>"
    for f in changed:
        title = f"{escape(f.path)} ({f.status}, +{f.additions} −{f.deletions})"
        html += f"<article><h2>{title}</h2><div>{_diff(f.patch)}</div></article>"
    return html


def _issue(repo: DemoRepository, it: DemoIssue) -> str:
    own = it.pull
    word = ("Merged" if own.merged_at else "Draft" if own.draft else "") if own else ""
    state = word or it.state.capitalize()
    style = "draft" if state == "Draft" else "closed" if it.state == "closed" else ""
    labels = " ".join(f'<span class="label">{escape(name)}</span>' for name in it.labels)
    where = f"<p><code>{escape(own.head)}</code> into <code>{escape(own.base)}</code></p>" if own else ""
    top = f"<h1>{escape(it.title)} #{it.number}</h1><p><span class='state {style}'>{state}</span> {labels}</p>{where}"
    talk = _said(it.author, f"{it.created:%Y-%m-%d %H:%M}", it.body, "opened this")
    talk += f"<p>{_reactions(it)}</p>"
    talk += "".join(_said(r.author, f"{r.updated:%Y-%m-%d %H:%M}", r.body) for r in it.comments)
    for review in own.reviews if own else ():
        talk += _said(review.author, f"{review.submitted:%Y-%m-%d %H:%M}", review.body, review.state.lower())
    for r in own.comments if own else ():
        talk += _said(r.author, f"{r.updated:%Y-%m-%d %H:%M}", r.body, f"on {r.path} line {r.line}")
    checks = "".join(
        f"<li>{escape(c.fields['name'])}: {escape(str(c.fields.get('conclusion') or c.fields.get('status')))}</li>"
        for c in repo.checks
        if own and c.head_sha == own.head_sha
    )
    return top + talk + (f"<h2>Checks</h2><ul>{checks}</ul>" if checks else "") + _files(repo, it)


def _list(repo: DemoRepository) -> str:
    rows = ""
    for it in repo.issues.values():
        kind = "pull" if it.pull else "issues"
        labels = " ".join(f'<span class="label">{escape(name)}</span>' for name in it.labels)
        link = f'<a href="/{escape(repo.full_name)}/{kind}/{it.number}">#{it.number} {escape(it.title)}</a>'
        rows += f"<li>{'Pull request' if it.pull else 'Issue'} {link} ({it.state}) {labels}</li>"
    return f'<h2><a href="/{escape(repo.full_name)}">{escape(repo.full_name)}</a></h2><ul>{rows}</ul>'


def page(world: World, path: str) -> str | None:
    """The page at `path`, None where there is none."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    if not parts:
        return frame("Repositories", "<h1>Repositories</h1>" + "".join(map(_list, world.repositories.values())))
    repo = world.repository(parts[0], parts[1]) if len(parts) in (2, 4) else None
    if repo is None:
        return None
    if len(parts) == 2:  # noqa: PLR2004 - owner and name
        return frame(repo.full_name, _list(repo))
    it = repo.issues.get(int(parts[3])) if parts[3].isdecimal() else None
    if it is None or parts[2] not in ("issues", "pull"):
        return None
    return frame(f"{it.title} · {repo.full_name}#{it.number}", _issue(repo, it))
