"""The ways in which models really write an edit down: the same patch in other formats, and with their usual slips.

Each is a function from a reference patch to an answer, or to None where the slip cannot happen to this patch. An answer
may be read as the reference exactly, or refused in words; anything else is silently wrong.
"""

from __future__ import annotations

import html
import json
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from tests.answers.reference import Hunk, ReferencePatch

Perturbation = Callable[[ReferencePatch], str | None]
COMMENTS = {".py": "#", ".toml": "#", ".yml": "#", ".js": "//", ".ts": "//", ".go": "//", ".rs": "//", ".java": "//"}


def lines(some: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in some)


def block(
    hunk: Hunk, above: str = "{path}\n", opening: str = "<<<<<<< SEARCH", closing: str = ">>>>>>> REPLACE"
) -> str:
    head = above.format(path=hunk.path)
    return f"{head}{opening}\n{lines(hunk.before)}=======\n{lines(hunk.after)}{closing}\n"


def blocks(above: str = "```\n{path}\n", below: str = "```\n\n", **markers: str) -> Perturbation:
    def write(patch: ReferencePatch) -> str:
        return "The cause is there.\n\n" + "".join(block(h, above, **markers) + below for h in patch.hunks())

    return write


def slip(change: Callable[[Hunk], Hunk | None]) -> Perturbation:
    """Every hunk is changed by the slip, where it can happen to at least one."""

    def write(patch: ReferencePatch) -> str | None:
        hunks = patch.hunks()
        changed = [change(h) for h in hunks]
        if all(c is None or c == h for c, h in zip(changed, hunks, strict=True)):
            return None
        shown = [c or h for c, h in zip(changed, hunks, strict=True)]
        return "".join(f"```\n{block(h)}```\n\n" for h in shown)

    return write


def both(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Perturbation:
    return slip(lambda h: replace(h, before=change(h.before), after=change(h.after)))


def quoted(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Perturbation:
    return slip(lambda h: replace(h, before=change(h.before)))


def written(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Perturbation:
    return slip(lambda h: replace(h, after=change(h.after)))


def each(change: Callable[[str], str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    return lambda some: tuple(change(line) for line in some)


def stripped_first(some: tuple[str, ...]) -> tuple[str, ...]:
    return (some[0].lstrip(), *some[1:]) if some else some


def stripped_around(some: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(lines(some).strip().split("\n")) if lines(some).strip() else some


def dedented(some: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(textwrap.dedent(lines(some)).split("\n")[:-1])


def margin(some: Sequence[str]) -> int:
    return min((len(line) - len(line.lstrip()) for line in some if line.strip()), default=0)


def dedented_together(hunk: Hunk) -> Hunk:
    cut = min(margin(hunk.before), margin(hunk.after)) if hunk.after else margin(hunk.before)
    return replace(
        hunk,
        before=each(lambda x: x[cut:] if x.strip() else x)(hunk.before),
        after=each(lambda x: x[cut:] if x.strip() else x)(hunk.after),
    )


def further_in(some: tuple[str, ...]) -> tuple[str, ...]:
    return each(lambda x: f"    {x}" if x.strip() else x)(some)


def without_blank(some: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in some if line.strip())


def without_blank_in_both(hunk: Hunk) -> Hunk:
    """Where SEARCH holds no blank line, nobody could see that REPLACE lost one: that is another edit, and no slip."""
    before = without_blank(hunk.before)
    seen = before != tuple(lines(hunk.before).strip("\n").split("\n"))
    return hunk if not seen else replace(hunk, before=before, after=without_blank(hunk.after))


def one_blank_more(some: tuple[str, ...]) -> tuple[str, ...]:
    """Between two lines of code: beside a blank one it might be another of the file's."""
    at = next((i for i in range(1, len(some)) if some[i - 1].strip() and some[i].strip()), None)
    return some if at is None else (*some[:at], "", *some[at:])


def numbered(pattern: str, first: Callable[[Hunk], int] = lambda h: h.line) -> Callable[[Hunk], Hunk]:
    def change(hunk: Hunk) -> Hunk:
        parts = (
            tuple(pattern.format(n=n, line=x) for n, x in enumerate(p, first(hunk))) for p in (hunk.before, hunk.after)
        )
        before, after = parts
        return replace(hunk, before=before, after=after)

    return change


def numbered_quote(hunk: Hunk) -> Hunk:
    return replace(hunk, before=tuple(f"{n:5d}| {x}" for n, x in enumerate(hunk.before, hunk.line)))


def escaped(some: tuple[str, ...]) -> tuple[str, ...]:
    return each(lambda x: html.escape(x, quote=False))(some)


def escaped_with_quotes(some: tuple[str, ...]) -> tuple[str, ...]:
    return each(html.escape)(some)


def curly(line: str) -> str:
    line = re.sub(r'"([^"]*)"', "“\\1”", line)
    return re.sub(r"'([^']*)'", "‘\\1’", line)


def _comment(hunk: Hunk) -> str:
    return COMMENTS.get("." + hunk.path.rpartition(".")[2], "#")


def _common(hunk: Hunk) -> tuple[int, int]:
    """How many lines before and after a hunk's change stay as they are."""
    head = tail = 0
    size = min(len(hunk.before), len(hunk.after))
    while head < size and hunk.before[head] == hunk.after[head]:
        head += 1
    while tail < size - head and hunk.before[-1 - tail] == hunk.after[-1 - tail]:
        tail += 1
    return head, tail


def wide(patch: ReferencePatch) -> list[Hunk]:
    """The hunks with eight lines of context around, so that there is something to leave out."""
    found = []
    for hunk in patch.hunks():
        old = patch.before[hunk.path].splitlines()
        start, stop = max(hunk.line - 9, 0), min(hunk.line - 1 + len(hunk.before) + 8, len(old))
        head, foot = tuple(old[start : hunk.line - 1]), tuple(old[hunk.line - 1 + len(hunk.before) : stop])
        found.append(replace(hunk, before=head + hunk.before + foot, after=head + hunk.after + foot, line=start + 1))
    return found if all(a.line + len(a.before) <= b.line for a, b in pairwise(found)) else []


def elided(sign: str, *, in_search: bool) -> Perturbation:
    """The lines that stay, but the outermost two and the nearest one, are left out for `sign`."""

    def cut(hunk: Hunk, some: tuple[str, ...]) -> tuple[str, ...]:
        head, tail = _common(hunk)
        marked = sign.format(comment=_comment(hunk))
        result = some
        if tail > 4:
            at = len(some) - tail + 1
            result = (*some[:at], " " * margin(some[at:-2]) + marked, *some[-2:])
        if head > 4:
            result = (*result[:2], " " * margin(result[2 : head - 1]) + marked, *result[head - 1 :])
        return result

    def write(patch: ReferencePatch) -> str | None:
        hunks = wide(patch)
        shown = [replace(h, before=cut(h, h.before) if in_search else h.before, after=cut(h, h.after)) for h in hunks]
        if not hunks or all(a.after == b.after for a, b in zip(shown, hunks, strict=True)):
            return None
        return "".join(f"```\n{block(h)}```\n\n" for h in shown)

    return write


def diff_signs(hunk: Hunk) -> Hunk:
    head, tail = _common(hunk)
    old, new = len(hunk.before) - tail, len(hunk.after) - tail
    before = tuple(("-" if head <= i < old else " ") + line for i, line in enumerate(hunk.before))
    after = tuple(("+" if head <= i < new else " ") + line for i, line in enumerate(hunk.after))
    return replace(hunk, before=before, after=after)


def misremembered(hunk: Hunk) -> Hunk | None:
    """One line of the quotation is another: there is no telling what was meant to happen to the real one."""
    middle = len(hunk.before) // 2
    return replace(
        hunk, before=(*hunk.before[:middle], hunk.before[middle] + "  # as before?", *hunk.before[middle + 1 :])
    )


def twice(patch: ReferencePatch) -> str:
    return "".join(f"```\n{block(h)}```\n\n" * 2 for h in patch.hunks())


def answered_twice(patch: ReferencePatch) -> str:
    answer = "".join(f"```\n{block(h)}```\n\n" for h in patch.hunks())
    return f"{answer}\nHere is the complete change once more:\n\n{answer}"


def one_fence_for_all(patch: ReferencePatch) -> str:
    return "```python\n" + "\n".join(block(h) for h in patch.hunks()) + "```\n"


def name_once(patch: ReferencePatch) -> str | None:
    """The file is named above its first block only."""
    parts, last = [], ""
    for hunk in patch.hunks():
        above = "" if hunk.path == last else "{path}\n"
        parts.append(f"```\n{block(hunk, above)}```\n")
        last = hunk.path
    return "\n".join(parts) if len(parts) > 1 else None


def fences_in_parts(patch: ReferencePatch) -> str:
    return "".join(
        f"{h.path}\n<<<<<<< SEARCH\n```python\n{lines(h.before)}```\n=======\n```python\n{lines(h.after)}```\n"
        ">>>>>>> REPLACE\n\n"
        for h in patch.hunks()
    )


def in_a_list(patch: ReferencePatch) -> str:
    return "1. The change:\n\n" + "".join(textwrap.indent(f"```\n{block(h)}```\n", "   ") for h in patch.hunks())


def no_last_marker(patch: ReferencePatch) -> str:
    return "".join(block(h) + "\n" for h in patch.hunks()).rstrip().removesuffix(">>>>>>> REPLACE")


def no_divider(patch: ReferencePatch) -> str:
    return "".join(block(h).replace("\n=======\n", "\n") for h in patch.hunks())


def cut_in_the_middle(patch: ReferencePatch) -> str:
    answer = "".join(block(h) + "\n" for h in patch.hunks())
    return answer[: answer.rindex("=======") + 8]


# --- other formats ----------------------------------------------------------------------------------------------------


def _diff_body(hunk: Hunk, space: str = " ") -> str:
    head, tail = _common(hunk)
    old, new = hunk.before[head : len(hunk.before) - tail], hunk.after[head : len(hunk.after) - tail]
    foot = hunk.before[len(hunk.before) - tail :] if tail else ()
    parts = ((space, hunk.before[:head]), ("-", old), ("+", new), (space, foot))
    return "".join(f"{sign}{line}\n" for sign, some in parts for line in some)


def _per_file(patch: ReferencePatch) -> dict[str, list[Hunk]]:
    found: dict[str, list[Hunk]] = {}
    for hunk in patch.hunks():
        found.setdefault(hunk.path, []).append(hunk)
    return found


def diff(
    head: str = "--- a/{path}\n+++ b/{path}\n",
    place: str = "@@ -{line},{old} +{line},{new} @@\n",
    fence: str = "```diff\n",
    space: str = " ",
    off: int = 0,
) -> Perturbation:
    def write(patch: ReferencePatch) -> str:
        parts = []
        for path, hunks in _per_file(patch).items():
            body = "".join(
                place.format(line=h.line + off, old=len(h.before), new=len(h.after)) + _diff_body(h, space)
                for h in hunks
            )
            parts.append(fence.format(path=path) + head.format(path=path) + body + ("```\n" if fence else "\n"))
        return "The fix:\n\n" + "\n".join(parts)

    return write


def envelope(before: str = "", after: str = "", place: str = "@@\n") -> Perturbation:
    def write(patch: ReferencePatch) -> str:
        body = "".join(
            f"*** Update File: {path}\n" + "".join(place + _diff_body(h) for h in hunks)
            for path, hunks in _per_file(patch).items()
        )
        return f"{before}*** Begin Patch\n{body}*** End Patch\n{after}"

    return write


def envelope_as_json(patch: ReferencePatch) -> str:
    return "```json\n" + json.dumps({"name": "apply_patch", "arguments": {"input": envelope()(patch)}}) + "\n```\n"


def editor_json(patch: ReferencePatch) -> str:
    calls = [
        {"command": "str_replace", "path": h.path, "old_str": lines(h.before), "new_str": lines(h.after)}
        for h in patch.hunks()
    ]
    return "\n".join(f"```json\n{json.dumps(c, indent=2)}\n```" for c in calls)


def editor_tool_json(patch: ReferencePatch) -> str:
    calls = [
        {
            "name": "str_replace_editor",
            "arguments": {
                "command": "str_replace",
                "path": f"/testbed/{h.path}",
                "old_str": lines(h.before).rstrip("\n"),
                "new_str": lines(h.after).rstrip("\n"),
            },
        }
        for h in patch.hunks()
    ]
    return "I will edit it.\n" + "\n".join(f"<tool_call>\n{json.dumps(c)}\n</tool_call>" for c in calls)


def editor_json_list(patch: ReferencePatch) -> str:
    edits = [{"file_path": h.path, "old_string": lines(h.before), "new_string": lines(h.after)} for h in patch.hunks()]
    return "```json\n" + json.dumps({"edits": edits}) + "\n```"


def editor_xml(patch: ReferencePatch) -> str:
    return "\n".join(
        "<function=str_replace_editor>\n<parameter=command>str_replace</parameter>\n"
        f"<parameter=path>/repo/{h.path}</parameter>\n<parameter=old_str>\n{lines(h.before)}</parameter>\n"
        f"<parameter=new_str>\n{lines(h.after)}</parameter>\n</function>"
        for h in patch.hunks()
    )


def editor_invoke(patch: ReferencePatch) -> str:
    return (
        "<function_calls>\n"
        + "".join(
            '<invoke name="str_replace_based_edit_tool">\n<parameter name="command">str_replace</parameter>\n'
            f'<parameter name="path">{h.path}</parameter>\n<parameter name="old_str">{lines(h.before)}</parameter>\n'
            f'<parameter name="new_str">{lines(h.after)}</parameter>\n</invoke>\n'
            for h in patch.hunks()
        )
        + "</function_calls>"
    )


def whole_file(above: str) -> Perturbation:
    def write(patch: ReferencePatch) -> str:
        parts = []
        for path, text in patch.after.items():
            comment = COMMENTS.get("." + path.rpartition(".")[2], "#")
            parts.append(above.format(path=path, comment=comment) + text.removesuffix("\n") + "\n```\n")
        return "Here are the whole files.\n\n" + "\n".join(parts)

    return write


def whole_file_in_an_empty_search(patch: ReferencePatch) -> str:
    return "".join(f"{p}\n<<<<<<< SEARCH\n=======\n{t}>>>>>>> REPLACE\n\n" for p, t in patch.after.items())


def whole_file_shortened(patch: ReferencePatch) -> str | None:
    """A whole file with a part left out for words: what stands there cannot be told from the answer alone."""
    parts = []
    for path, text in patch.after.items():
        some = text.splitlines()
        if len(some) < 20:
            return None
        comment = COMMENTS.get("." + path.rpartition(".")[2], "#")
        some[5:15] = [f"{comment} ... existing code ..."]
        parts.append(f"{path}\n```\n{lines(some)}```\n")
    return "\n".join(parts)


PERTURBATIONS: dict[str, Perturbation] = {
    # the block's dress
    "as asked for": blocks(),
    "without a fence": blocks("{path}\n", "\n"),
    "a fence with a language": blocks("{path}\n```python\n"),
    "a fence of four": blocks("````\n{path}\n", "````\n"),
    "a fence of tildes": blocks("~~~\n{path}\n", "~~~\n"),
    "a fence that is not closed": blocks("```\n{path}\n", "\n"),
    "the path in the fence's label": blocks("```python {path}\n"),
    "language:path in the fence's label": blocks("```python:{path}\n"),
    "only the path as the fence's label": blocks("```{path}\n"),
    "title= in the fence's label": blocks('```python title="{path}"\n'),
    "the path after SEARCH": lambda p: "".join(
        f"```\n{block(h, '', f'<<<<<<< SEARCH {h.path}')}```\n" for h in p.hunks()
    ),
    "a heading": blocks("### `{path}`\n\n```python\n"),
    "File: above": blocks("File: {path}\n```\n"),
    "a bold path with a colon": blocks("**{path}:**\n\n```\n"),
    "a numbered path": blocks("1. `{path}`:\n```\n"),
    "a sentence with the path": blocks("In `{path}`, change this:\n\n```python\n"),
    "the path as a comment": blocks("```python\n# {path}\n"),
    "marker signs of five": blocks(opening="<<<<< SEARCH", closing=">>>>> REPLACE"),
    "the last marker without its word": blocks(closing=">>>>>>>"),
    "both markers without words": blocks(opening="<<<<<<<", closing=">>>>>>>"),
    "ORIGINAL and UPDATED": blocks(opening="<<<<<<< ORIGINAL", closing=">>>>>>> UPDATED"),
    "a merge conflict": blocks(opening="<<<<<<< HEAD", closing=">>>>>>> fix"),
    "dashes and plusses": blocks(opening="------- SEARCH", closing="+++++++ REPLACE"),
    "colons after the markers": blocks(opening="<<<<<<< SEARCH:", closing=">>>>>>> REPLACE:"),
    "small letters": blocks(opening="<<<<<<< search", closing=">>>>>>> replace"),
    "Windows line ends": lambda p: str(blocks()(p)).replace("\n", "\r\n"),
    "fences in both parts": fences_in_parts,
    "one fence for all": one_fence_for_all,
    "the file named once": name_once,
    "inside a list": in_a_list,
    "the last marker missing": no_last_marker,
    "the divider missing": no_divider,
    "cut off in the middle": cut_in_the_middle,
    # the path
    "a path with a/": blocks("```\na/{path}\n"),
    "a path with ./": blocks("```\n./{path}\n"),
    "a path below /testbed": blocks("```\n/testbed/{path}\n"),
    "a path below /repo": blocks("```\n/repo/{path}\n"),
    "a path below a home": blocks("```\n/home/user/project/{path}\n"),
    "a path with backslashes": lambda p: "".join(
        f"```\n{block(h, h.path.replace('/', chr(92)) + chr(10))}```\n" for h in p.hunks()
    ),
    "a path with lines": blocks("```\n{path}:10-20\n"),
    "a path with (lines)": blocks("{path} (lines 10-20)\n```\n"),
    "a path with #L": blocks("```\n{path}#L10-L20\n"),
    # the lines
    "the first line stripped in SEARCH": quoted(stripped_first),
    "the first line stripped in both": both(stripped_first),
    "stripped around in both": both(stripped_around),
    "dedented, each by itself": both(dedented),
    "dedented together": slip(dedented_together),
    "SEARCH dedented": quoted(dedented),
    "REPLACE dedented": written(dedented),
    "indented further": both(further_in),
    "SEARCH indented further": quoted(further_in),
    "REPLACE indented further": written(further_in),
    "tabs as spaces or spaces as tabs": both(
        each(
            lambda x: (
                re.sub(r"^( {4})+", lambda m: "\t" * (len(m[0]) // 4), x)
                if not x.startswith("\t")
                else x.replace("\t", "    ")
            )
        )
    ),
    "no indentation at all": both(each(str.lstrip)),
    "white space at the ends of lines": both(each(lambda x: x + "  ")),
    "no white space at the ends of lines": both(each(str.rstrip)),
    "blank lines dropped in SEARCH": quoted(without_blank),
    "blank lines dropped in both": slip(without_blank_in_both),
    "blank lines around": both(lambda x: ("", *x, "")),
    "a blank line more in SEARCH": quoted(one_blank_more),
    "line numbers as our retry shows them": slip(numbered("{n:5d}| {line}")),
    "line numbers in SEARCH": slip(numbered_quote),
    "line numbers with a colon": slip(numbered("{n}: {line}")),
    "line numbers with a tab": slip(numbered("{n:6d}\t{line}")),
    "line numbers with an arrow": slip(numbered("{n:>6}→{line}")),
    "line numbers from 1": slip(numbered("{n} | {line}", lambda _: 1)),
    "HTML entities": both(escaped),
    "HTML entities with quotes": both(escaped_with_quotes),
    "HTML entities in REPLACE": written(escaped),
    "HTML entities twice": both(lambda x: escaped(escaped(x))),
    "curly quotes": both(each(curly)),
    "curly quotes in SEARCH": quoted(each(curly)),
    "non-breaking spaces": both(each(lambda x: re.sub(r"^ +", lambda m: "\u00a0" * len(m[0]), x))),
    "escaped underscores": both(each(lambda x: x.replace("_", r"\_"))),
    "escaped quotes": both(each(lambda x: x.replace('"', r"\""))),
    "signs of a diff in both parts": slip(diff_signs),
    "a misremembered line": slip(misremembered),
    "... in both parts": elided("...", in_search=True),
    "a comment with ... in both parts": elided("{comment} ...", in_search=True),
    "... in REPLACE": elided("...", in_search=False),
    "# ... existing code ... in REPLACE": elided("{comment} ... existing code ...", in_search=False),
    "# (same as before) in REPLACE": elided("{comment} (same as before)", in_search=False),
    "# rest unchanged in REPLACE": elided("{comment} rest of the code remains unchanged", in_search=False),
    "[unchanged] in REPLACE": elided("[unchanged]", in_search=False),
    "every block twice": twice,
    "the whole answer twice": answered_twice,
    # other formats
    "a unified diff": diff(),
    "git's diff": diff("diff --git a/{path} b/{path}\nindex 1a2b3c4..5d6e7f8 100644\n--- a/{path}\n+++ b/{path}\n"),
    "a diff without a fence": diff(fence=""),
    "a diff with wrong line numbers": diff(off=7),
    "a diff without line numbers": diff(place="@@ ... @@\n"),
    "a diff with bare @@": diff(place="@@\n"),
    "a diff without a/ and b/": diff("--- {path}\n+++ {path}\n"),
    "a diff with a date": diff("--- {path}\t2024-01-01 00:00:00\n+++ {path}\t2024-01-01 00:00:01\n"),
    "a diff below the path": diff("", fence="{path}\n```diff\n"),
    "a diff without spaces before context": diff(space=""),
    "the apply_patch envelope": envelope(),
    "the envelope in a fence": envelope("```\n", "```\n"),
    "the envelope in a shell command": envelope("```bash\napply_patch <<'EOF'\n", "EOF\n```\n"),
    "the envelope without @@": envelope(place=""),
    "the envelope as JSON": envelope_as_json,
    "an editor's JSON": editor_json,
    "an editor's call in a tag": editor_tool_json,
    "a list of edits in JSON": editor_json_list,
    "an editor's call as parameters": editor_xml,
    "an editor's call as an invocation": editor_invoke,
    "the whole file below its path": whole_file("{path}\n```\n"),
    "the whole file below a heading": whole_file("### `{path}`\n\n```python\n"),
    "the whole file with the path in the label": whole_file("```python:{path}\n"),
    "the whole file with the path in a comment": whole_file("```python\n{comment} {path}\n"),
    "the whole file in an empty SEARCH": whole_file_in_an_empty_search,
    "the whole file, shortened": whole_file_shortened,
}
