"""Applies edits to files, tolerantly and never at two places. What does not apply is explained, the rest is kept.

It reads through the function it is given and writes nothing: the result is a `Patch`. A file keeps its line
ends, byte order mark, final newline and undecodable bytes, and one that parsed before still does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sandbox.repository.new_files import LFS_POINTER, KnownNames, name_problem
from sandbox.repository.patch import Patch
from strategies.edits import match
from strategies.edits.edit import Applied, Create, Delete, Edit, Edits, Problem, Replace
from strategies.edits.elisions import is_elision, is_whole
from strategies.edits.fences import path_in_comment
from strategies.edits.header import NoFile, file_of
from strategies.edits.parses import broken
from strategies.edits.paths import names_a_file, nearest, refusal, same_letters, same_tail, spelt_out, without_root
from strategies.edits.place import Placed, Unplaceable, place

BOM = "\ufeff"
LFS = LFS_POINTER.decode()


class _Refused(Exception):
    """One edit cannot be applied; the message is for the model."""


def apply(
    edits: Edits, read: Callable[[str], str | None], paths: Collection[str] = (), done: Collection[Edit] = ()
) -> Applied:
    """Apply `edits` one after the other on top of what `read` gives (None: no such text file).

    `paths` are the repository's files; with them a wrong path is corrected or answered with the nearest ones. `done`
    are edits that are in the files already: one that is written again is not made again.
    """
    bench = _Bench(read, paths, done)
    problems = list(edits.problems)
    for edit in edits.items:
        try:
            bench.apply(edit)
        except (_Refused, NoFile, Unplaceable) as why:
            problems.append(Problem(edit.path, str(why), edit))
    problems += bench.take_back_broken()
    return Applied(bench.patch(), tuple(problems), tuple(bench.notes), tuple(bench.made.values()))


class _Bench:
    """The files as they are after the edits so far (None: deleted)."""

    def __init__(self, read: Callable[[str], str | None], paths: Collection[str], done: Collection[Edit]) -> None:
        self._read = read
        self._paths = paths
        self._now: dict[str, str | None] = {}
        self._before: dict[str, str | None] = {}
        self._parsed: dict[str, bool] = {}
        self._last = ""
        self._done = {_key(edit.path, edit): edit for edit in done}
        self.made: dict[tuple[object, ...], Edit] = {}
        self.notes: list[str] = []

    def _text(self, path: str) -> str | None:
        if path not in self._now:
            self._now[path] = self._before[path] = self._read(path)
        return self._now[path]

    def patch(self) -> Patch:
        files: dict[str, bytes | None] = {}
        for path, text in self._now.items():
            if text != self._before[path]:
                files[path] = None if text is None else text.encode("utf-8", "surrogateescape")
        return Patch(files)

    def apply(self, edit: Edit) -> None:
        named = edit.path
        if not isinstance(edit, Delete) and edit.above:
            named = file_of(
                edit.above, self._last, self._paths, lambda p: p in self._paths or self._text(p) is not None
            )
        named = without_root(named, self._paths) if isinstance(edit, Create) else named
        self._last = named
        why = refusal(named)
        if why and not same_tail(named, self._paths):
            raise _Refused(why)
        key = _key(named, edit)
        if (key in self._done or key in self.made) and self._is_elsewhere(named, key, edit):
            key = (*key, "elsewhere")
        if key in self._done or key in self.made:
            self.notes.append(f"{named}: an edit that is written twice was made once")
            return
        if isinstance(edit, Create):
            if edit.shown and self._is_quotation(named, edit):
                return
            self._create(named, edit)
        elif isinstance(edit, Delete):
            self._now[self._deleted(named)] = None
        else:
            path, text = self._existing(named)
            self._now[path] = self._replace(path, text, edit)
        self.made[key] = edit

    def _is_elsewhere(self, path: str, key: tuple[object, ...], edit: Edit) -> bool:
        """Whether an edit with the words of one that was made quotes other indentation, and stands there so, once."""
        text, other = self._text(path), self.made.get(key) or self._done.get(key)
        if text is None or not isinstance(edit, Replace) or not isinstance(other, Replace):
            return False
        found = match.close(_File(text).lines, _lines(edit.search), ()) if edit.search != other.search else None
        return found is not None and len(found.places) == 1 and not found.how

    def _existing(self, path: str) -> tuple[str, str]:
        text = self._text(path)
        if text is not None:
            if text.startswith(LFS):
                raise _Refused("the file is in Git LFS: what is in the repository is only a pointer to it")
            return path, text
        if path in self._paths and self._now.get(path, self._before[path]) is None:
            deleted = self._before[path] is not None
            raise _Refused("the file was deleted by an earlier edit" if deleted else "binary or too large to edit")
        other = same_letters(path, self._paths) or same_tail(path, self._paths)
        text = self._text(other) if other else None
        if text is not None:
            self.notes.append(f"{path}: taken as {spelt_out(other)}")
            return self._existing(other)
        like = [spelt_out(p) if p != spelt_out(p) else p for p in nearest(path, self._paths)]
        hint = f"; did you mean {' or '.join(like)}?" if like else ""
        raise _Refused(f"there is no file {spelt_out(path)}{hint} (a new file has an empty SEARCH part)")

    def _deleted(self, path: str) -> str:
        """The file to remove: exactly the one that is named, for none is a wrong folder or a shorter name enough."""
        if self._text(path) is None and path not in self._paths:
            rooted = without_root(path, self._paths)
            exact = same_letters(rooted, self._paths) or (rooted if rooted in self._paths else "")
            if not exact:
                like = " or ".join(map(spelt_out, nearest(path, self._paths)))
                hint = f"; if {like} is meant, write all of its path" if like else ""
                raise _Refused(f"there is no file {spelt_out(path)} to delete{hint}")
            path = exact
        return self._existing(path)[0]

    def _is_quotation(self, path: str, edit: Create) -> bool:
        """Whether lines shown below a path explain edits that were made, or what is there already, or something else
        whose name only looks like a file's."""
        if any(key[0] == path for key in self.made):
            self.notes.append(f"{path}: lines shown beside its edits were not read as another one")
            return True
        text = self._text(path)
        if text is None and path not in self._paths and not self._whole_of(path, edit):
            illustrates = edit.in_passing or not (names_a_file(path, self._paths) or edit.content.startswith("#!"))
            if illustrates:
                self.notes.append(f"{spelt_out(path)}: lines shown below this name were not read as a new file")
            return illustrates
        return text is not None and match.find(text.removeprefix(BOM).split("\n"), _lines(edit.content), ()) is not None

    def _whole_of(self, path: str, edit: Create) -> str:
        """The file that `edit` evidently is all of, where the path only has folders before it; or ""."""
        tail = same_tail(path, self._paths) if edit.shown and self._text(path) is None else ""
        text = self._text(tail) if tail and f"/{path}".endswith(f"/{tail}") else None
        return tail if text and is_whole(text.removeprefix(BOM).split("\n"), edit.content.split("\n")) else ""

    def _create(self, path: str, edit: Create) -> None:
        other = same_letters(path, self._paths) if self._text(path) is None else ""
        path = other or self._whole_of(path, edit) or path
        text = self._text(path)
        if text is None and path in self._paths and self._before[path] is None:
            raise _Refused("a file of this name exists and is binary or too large to edit")
        if text is None and path not in self._paths and (why := name_problem(path, KnownNames(self._paths))):
            raise _Refused(f"no file may be called {spelt_out(path)!r}: {why}")
        content = edit.content
        first, second = [*content.split("\n", 2), "", ""][:2]
        own = (text or "").partition("\n")[0] == first != second
        if edit.shown and path_in_comment(first) == path and not own:
            content = content.partition("\n")[2]  # it names the file, and is none of its lines
        if content and not content.endswith("\n"):
            content += "\n"
        if text and text.strip():
            content = self._rewritten(path, text, content)
        else:
            left_out = next((x for x in content.splitlines() if is_elision(x) and x.strip() != "..."), None)
            if left_out is not None and len(left_out.strip()) > 3 and "..." in left_out:  # noqa: PLR2004 - the dots
                raise _Refused(f"the new file leaves lines out ({left_out.strip()!r}); write all of it")
        if path in self._now and self._before[path] is not None and text is None:
            self.notes.append(f"{path}: rewritten as a whole")
        self._now[path] = content.encode("utf-8", "replace").decode()

    def _rewritten(self, path: str, text: str, content: str) -> str:
        """A whole file in the place of an existing one, with its line ends, if it is evidently the whole."""
        body = text.removeprefix(BOM)
        if text.startswith(LFS):
            raise _Refused("the file is in Git LFS: what is in the repository is only a pointer to it")
        if not is_whole([match.plain(line) for line in body.split("\n")], content.split("\n")):
            raise _Refused(
                "the file exists already, and this is not evidently all of it; quote the lines to replace in SEARCH, "
                f"or delete it first with a line `DELETE {path}` in a block"
            )
        if any("\udc80" <= c <= "\udcff" for c in text):
            raise _Refused("the file holds bytes that are no UTF-8: quote the lines to replace in SEARCH")
        self.notes.append(f"{path}: rewritten as a whole")
        old = _File(text)
        lines = content.split("\n")[:-1]
        return old.text(old.ended_like(lines, set(old.lines)))

    def _replace(self, path: str, text: str, edit: Replace) -> str:
        search, replace = edit.search, edit.replace
        file = _File(text)
        if edit.others:  # the longest passage that stands in the file is the one that was meant
            pairs = sorted((*edit.others, (search, replace)), key=lambda pair: -len(pair[0]))
            for finder in (match.close, match.loose):
                hit = next((pair for pair in pairs if finder(file.lines, _lines(pair[0]), ())), None)
                if hit:
                    search, replace = hit
                    break
        quoted, wanted = _lines(search), _lines(replace)
        if quoted == wanted:
            raise _Refused("SEARCH and REPLACE are the same: this changes nothing")
        placed = place(file.lines, quoted, wanted, edit.line, path)
        if placed is None:
            self.notes.append(f"{path}: already as the edit wants it")
            return text
        if placed.how:
            self.notes.append(f"{path}: matched at line {placed.at + 1} up to {placed.how}")
        return self._chosen(path, text, [file.with_lines(placed, option) for option in placed.options], placed)

    def _chosen(self, path: str, text: str, texts: list[str], placed: Placed) -> str:
        """The reading that parses, where the file did before; the first where it is sure. Raises _Refused."""
        distinct = list(dict.fromkeys(texts))
        if broken(path, text) != "" or (len(distinct) == 1 and not placed.sure):
            if placed.sure:
                return distinct[0]
            raise _Refused(placed.doubt)
        if placed.sure and broken(path, distinct[0]) == "":
            return distinct[0]
        whole = [one for one in distinct if broken(path, one) == ""]
        if len(whole) == 1:
            self.notes.append(f"{path}: re-indented so that it parses")
            return whole[0]
        if whole and not placed.sure:
            raise _Refused(placed.doubt)
        return distinct[0]

    def take_back_broken(self) -> list[Problem]:
        """Undo what leaves a file that parsed before and does not now, with a problem for each."""
        problems = []
        for path, text in self._now.items():
            before = self._before[path]
            if text is None or before is None or text == before or broken(path, before) != "":
                continue
            why = broken(path, text)
            if why:
                self._now[path] = before
                self.made = {key: edit for key, edit in self.made.items() if key[0] != path}
                problems.append(
                    Problem(
                        path,
                        f"with these edits the file no longer parses ({why}); none of them is kept, send all of them",
                    )
                )
        return problems


class _File:
    """The lines of a text without their ends, and how they end."""

    def __init__(self, text: str) -> None:
        self.bom, body = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
        self.lines = body.split("\n")
        self.ended = self.lines[-1] == ""
        if self.ended:
            self.lines.pop()
        ends = len(self.lines) - (not self.ended)
        self.crlf = sum(1 for own in self.lines if own.endswith("\r")) * 2 > ends
        if self.crlf and not self.ended:
            self.lines[-1] += "\r"

    def ended_like(self, fresh: list[str], own: set[str]) -> list[str]:
        """New lines with the line ends of the others."""
        return [one if one in own or not self.crlf else one.rstrip("\r") + "\r" for one in fresh]

    def with_lines(self, placed: Placed, option: tuple[str, ...]) -> str:
        """The text with `option` in its place."""
        fresh = self.ended_like(list(option), set(self.lines))
        fresh = [
            one.encode("utf-8", "surrogateescape" if _escaped(one) else "replace").decode("utf-8", "surrogateescape")
            for one in fresh
        ]
        return self.text([*self.lines[: placed.at], *fresh, *self.lines[placed.at + placed.size :]])

    def text(self, lines: list[str]) -> str:
        """`lines` as a text that ends as this one does."""
        if not lines:
            return self.bom
        whole = "\n".join(lines)
        return self.bom + (whole + "\n" if self.ended else whole.removesuffix("\r") if self.crlf else whole)


def _key(path: str, edit: Edit) -> tuple[object, ...]:
    """What makes two edits the same one, however they are indented or spaced."""
    if isinstance(edit, Replace):
        return (
            path,
            *(tuple(x.strip() for x in part.split("\n") if x.strip()) for part in (edit.search, edit.replace)),
        )
    return (path, type(edit).__name__, edit.content if isinstance(edit, Create) else "")


def _lines(text: str) -> list[str]:
    lines = text.removeprefix(BOM).split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _escaped(line: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in line)
