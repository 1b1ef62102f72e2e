"""What a package.json's script really runs: other scripts, task runners and wrappers are followed to plain commands."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sandbox.recipes.javascript_packages import JavaScriptPackages, text

DEPTH = 12
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""")
_OPERATOR = re.compile(r"""('[^']*'|"(?:\\.|[^"\\])*"|\\.)|(\|\||&&|;|\||&(?!&)(?<!>&)(?!\d))""")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_MANAGERS = ("npm", "pnpm", "yarn", "bun")
# Wrappers that run the rest of their line, and those of their options that take a value of their own.
_WRAPPERS = {
    "cross-env": (), "cross-env-shell": (), "env": (), "npx": ("-p", "--package"), "bunx": (), "time": (),
    "xvfb-run": ("-s", "-n"), "dotenv": ("-e", "-f", "-c"), "dotenvx": ("-f", "--env-file"), "env-cmd": ("-f", "-e"),
    "nice": ("-n",),
    "c8": ("-r", "-x", "-n", "-o", "-c", "--reporter", "--exclude", "--include", "--temp-directory", "--lines",
           "--branches", "--functions", "--statements", "--report-dir", "--reports-dir", "--src", "--config"),
    "nyc": ("-r", "-x", "-n", "-e", "-i", "--reporter", "--exclude", "--include", "--extension", "--require", "--cwd",
            "--lines", "--branches", "--functions", "--statements", "--report-dir", "--temp-dir"),
}  # fmt: skip
_RUN_ALL = ("npm-run-all", "npm-run-all2", "run-s", "run-p", "concurrently")
_RUN_ALL_VALUES = (
    "-n",
    "--names",
    "-c",
    "--prefix-colors",
    "-p",
    "--prefix",
    "-m",
    "--max-processes",
    "--max-parallel",
)
_EVERYWHERE = ("turbo", "nx", "lerna")


@dataclass(frozen=True, slots=True)
class ScriptCommand:
    """One plain command: its package's folder ("" = the root), what it sets, and its words as they were written.

    `script` names the script that it comes from.
    """

    folder: str
    variables: tuple[str, ...]
    words: tuple[str, ...]
    script: str

    @property
    def line(self) -> str:
        """As a shell line."""
        return " ".join((*self.variables, *self.words))

    @property
    def program(self) -> str:
        """The last part of the first word's path."""
        return posixpath.basename(self.words[0].strip("'\"")) if self.words else ""


def unfold(packages: JavaScriptPackages, folder: str, script: str) -> list[ScriptCommand]:
    """The plain commands that a script runs, in their order, those of its `pre` script first."""
    return list(_script(packages, folder, script, (), frozenset()))


def unquoted(word: str) -> str:
    """A word without its quotes."""
    return re.sub(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)""", lambda m: m[1] or m[2] or m[3] or "", word)


def _script(
    packages: JavaScriptPackages, folder: str, script: str, more: Sequence[str], seen: frozenset[tuple[str, str]]
) -> Iterator[ScriptCommand]:
    line = packages.script(folder, script)
    if not line or (folder, script) in seen or len(seen) > DEPTH:
        return
    seen |= {(folder, script)}
    if packages.script(folder, f"pre{script}"):
        yield from _script(packages, folder, f"pre{script}", (), seen)
    if line.strip() == "wireit":
        yield from _wireit(packages, folder, script, more, seen)
        return
    parts = list(simple_commands(line))
    for number, part in enumerate(parts):
        added = tuple(more) if number == len(parts) - 1 else ()
        yield from _follow(packages, ScriptCommand(folder, (), (*part, *added), script), seen)


def simple_commands(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of a shell line that run one after the other. What a pipe goes to, and what comes after `||`, is
    left out: a formatter, or what is done about a failure."""
    parts: list[tuple[str, str]] = []
    operator, start = "", 0
    for found in _OPERATOR.finditer(line):
        if found[2]:
            parts.append((operator, line[start : found.start()]))
            operator, start = found[2], found.end()
    parts.append((operator, line[start:]))
    for before, part in parts:
        words = tuple(w for w in _WORD.findall(part.strip().strip("()")) if w)
        if words and before not in ("|", "||"):
            yield words


def _follow(
    packages: JavaScriptPackages, command: ScriptCommand, seen: frozenset[tuple[str, str]]
) -> Iterator[ScriptCommand]:
    """The plain commands behind one command."""
    command = _unwrapped(command)
    words, program = command.words, command.program
    if not words:
        return
    if program == "cd" and len(words) > 1:
        return  # whoever changes folders in a script is not understood further than this
    if program in _MANAGERS:
        yield from _manager(packages, command, seen)
    elif program == "node" and len(words) > 2 and words[1] == "--run":  # noqa: PLR2004 - and the script's name
        yield from _script(packages, command.folder, words[2], _after_dashes(words[3:]), seen)
    elif program in _RUN_ALL:
        yield from _run_all(packages, command, seen)
    elif program in _EVERYWHERE or (program == "wsrun"):
        yield from _everywhere(packages, command, seen)
    elif program == "glob" and "-c" in words[:-1]:
        at = words.index("-c") + 1
        inner = (*_WORD.findall(unquoted(words[at])), *words[1 : at - 1], *words[at + 1 :])
        yield from _follow(packages, replace(command, words=inner), seen)
    else:
        yield command


def _unwrapped(command: ScriptCommand) -> ScriptCommand:
    """Without variables in front, and without wrappers that only run the rest."""
    words, variables = list(command.words), list(command.variables)
    while words:
        if _ASSIGNMENT.match(words[0]):
            variables.append(words.pop(0))
            continue
        program = posixpath.basename(words[0])
        if program not in _WRAPPERS:
            break
        takes = _WRAPPERS[program]
        rest = words[1:]
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            if option == "--":
                break
            if option in takes and rest:
                rest.pop(0)
        if program == "dotenvx" and rest[:1] == ["run"]:
            rest = rest[2:] if rest[1:2] == ["--"] else rest[1:]
        if not rest:
            break
        words = rest
    return replace(command, words=tuple(words), variables=tuple(variables))


@dataclass(frozen=True, slots=True)
class _Call:
    """What a package manager is asked: for these packages (or all), these words, and more arguments after `--`."""

    filters: tuple[str, ...]
    everywhere: bool
    plain: tuple[str, ...]
    more: tuple[str, ...]


_FILTERS = ("--filter", "-F", "--workspace", "-w", "--prefix", "-C", "--cwd", "--dir")
_RUN = ("run", "run-script", "rum", "urn")
_EXEC = ("exec", "x", "dlx")


def _call(manager: str, words: list[str]) -> _Call:
    filters: list[str] = []
    plain: list[str] = []
    everywhere = False
    while words:
        word = words.pop(0)
        if word == "--":
            return _Call(tuple(filters), everywhere, tuple(plain), tuple(words))
        if word in _FILTERS and words and (word, manager) != ("-w", "pnpm"):
            filters.append(unquoted(words.pop(0)))
        elif found := re.match(r"--(?:filter|workspace|prefix|cwd|dir)=(.+)$", word):
            filters.append(unquoted(found[1]))
        elif word in ("-r", "--recursive", "-ws", "--workspaces", "workspaces") and len(plain) <= 1:
            everywhere = True
        elif word == "workspace" and not plain and words:
            filters.append(unquoted(words.pop(0)))
        elif not word.startswith("-") or (plain and plain[0] not in (*_RUN, "exec", "foreach", "test", "t")):
            plain.append(word)
    if everywhere and plain[:1] == ["foreach"]:
        plain = plain[1:]
    return _Call(tuple(filters), everywhere, tuple(plain), ())


def _manager(
    packages: JavaScriptPackages, command: ScriptCommand, seen: frozenset[tuple[str, str]]
) -> Iterator[ScriptCommand]:
    """npm, pnpm, yarn and bun: a script of this package or of others, or a program that a package brought."""
    manager = command.program
    call = _call(manager, list(command.words[1:]))
    plain = call.plain
    followed = plain[1:] if plain[:1] and plain[0] in _RUN else plain
    if not followed:
        return
    if manager == "bun" and plain[0] == "test":
        yield command
        return
    name = "test" if followed[0] in ("t", "tst") else unquoted(followed[0])
    everywhere = packages.members() if call.everywhere else [command.folder]
    for at in _chosen(packages, call.filters) if call.filters else everywhere:
        names = _names(packages.scripts(at), name)
        if names and plain[0] not in _EXEC:
            for each in names:
                yield from _script(packages, at, each, (*followed[1:], *call.more), seen)
        elif plain[0] in _EXEC or (manager != "npm" and plain == followed and not call.everywhere):
            rest = followed[1:] if plain[0] in _EXEC else followed
            yield from _follow(packages, replace(command, folder=at, words=(*rest, *call.more)), seen)


def _names(scripts: Sequence[str], wanted: str) -> list[str]:
    """The scripts that a name means: itself, pnpm's /regular expression/, or a pattern where `*` is one part."""
    if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):  # noqa: PLR2004 - the two slashes
        try:
            pattern = re.compile(wanted[1:-1])
        except re.error:
            return []
        return [s for s in scripts if pattern.search(s)]
    if "*" in wanted:
        return [s for s in scripts if _pattern(wanted).fullmatch(s)]
    return [wanted] if wanted in scripts else []


def _pattern(wanted: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", wanted)
    return re.compile("".join({"**": ".+", "*": "[^:]+"}.get(p, re.escape(p)) for p in parts))


def _run_all(
    packages: JavaScriptPackages, command: ScriptCommand, seen: frozenset[tuple[str, str]]
) -> Iterator[ScriptCommand]:
    """npm-run-all, run-s, run-p and concurrently: several scripts by name or pattern."""
    words = list(command.words[1:])
    while words:
        word = words.pop(0)
        if word == "--":
            return
        if word.startswith("-"):
            if word in _RUN_ALL_VALUES and command.program == "concurrently" and words:
                words.pop(0)
            continue
        parts = _WORD.findall(unquoted(word))
        if not parts:
            continue
        if command.program == "concurrently" and not parts[0].startswith(("npm:", "yarn:", "pnpm:", "bun:")):
            for inner in simple_commands(unquoted(word)):
                yield from _follow(packages, replace(command, words=inner), seen)
            continue
        name = re.sub(r"^(?:npm|yarn|pnpm|bun):", "", parts[0])
        for each in _names(packages.scripts(command.folder), name):
            yield from _script(packages, command.folder, each, (), seen)


def _everywhere(
    packages: JavaScriptPackages, command: ScriptCommand, seen: frozenset[tuple[str, str]]
) -> Iterator[ScriptCommand]:
    """turbo, nx and lerna: the same scripts in every package that has them; nx also runs what project.json names."""
    filters: list[str] = []
    names: list[str] = []
    rest = list(command.words[1:])
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        if found := re.match(r"(?:--filter|--scope|--projects?|-p)(?:=(.+))?$", word):
            value = found[1] or (rest.pop(0) if rest else "")
            filters += [unquoted(v) for v in unquoted(value).split(",")]
        elif found := re.match(r"(?:--targets?|-t)(?:=(.+))?$", word):
            value = found[1] or (rest.pop(0) if rest else "")
            names += unquoted(value).split(",")
        elif not word.startswith("-") and word not in ("run", "run-many", "affected", "exec"):
            names.append(unquoted(word))
    projects = {posixpath.dirname(p) for p in packages.paths if posixpath.basename(p) == "project.json"}
    others = sorted(projects - set(packages.by_folder))
    folders = _chosen(packages, filters) if filters else [*packages.members(), *others]
    for name in (n for n in names if "build" not in n and "lint" not in n):
        for folder in folders:
            if packages.script(folder, name):
                yield from _script(packages, folder, name, (), seen)
            elif started := _executor(packages, folder, name):
                yield ScriptCommand(folder, (), (started,), name)


def _executor(packages: JavaScriptPackages, folder: str, target: str) -> str:
    """The runner that an nx project's target uses (https://nx.dev/docs/reference/project-configuration)."""
    read = packages.workspace.read_text(posixpath.join(folder, "project.json")) or ""
    found = re.search(rf'"{re.escape(target)}"\s*:\s*{{[^{{}}]*"executor"\s*:\s*"@nx/(jest|vite|vitest):\w+"', read)
    return {"jest": "jest", "vite": "vitest", "vitest": "vitest"}[found[1]] if found else ""


def _chosen(packages: JavaScriptPackages, filters: Sequence[str]) -> list[str]:
    """The packages that filters name: by name, by folder, by pattern; `!` takes away, `...` is ignored."""
    out = [f for f in packages.by_folder if not any(not g.startswith("!") for g in filters)]
    for given in filters:
        wanted = given.lstrip("!").strip(".").strip("{}").strip("^").removeprefix("./").strip("/") or ""
        for folder, package in packages.by_folder.items():
            name = str(package.get("name", ""))
            known = (name, folder, posixpath.basename(name), posixpath.basename(folder))
            hit = any(fnmatch.fnmatchcase(each, wanted) for each in known)
            if hit and given.startswith("!"):
                out = [f for f in out if f != folder]
            elif hit and folder not in out:
                out.append(folder)
    return out


def _wireit(
    packages: JavaScriptPackages, folder: str, script: str, more: Sequence[str], seen: frozenset[tuple[str, str]]
) -> Iterator[ScriptCommand]:
    """A script of wireit (https://github.com/google/wireit): its dependencies, then its command."""
    table = packages.by_folder.get(folder, {}).get("wireit")
    entry = table.get(script) if isinstance(table, dict) else None
    if not isinstance(entry, dict):
        return
    needed = entry.get("dependencies")
    for each in needed if isinstance(needed, list) else []:
        name = each.get("script") if isinstance(each, dict) else each
        if isinstance(name, str) and ":" not in name.partition("/")[0][:2]:
            yield from _script(packages, folder, name.removeprefix("#"), (), seen)
    for words in simple_commands(text({"wireit": entry}, "wireit", "command")):
        yield from _follow(packages, ScriptCommand(folder, (), (*words, *more), script), seen)


def _after_dashes(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(words[words.index("--") + 1 :]) if "--" in words else ()
