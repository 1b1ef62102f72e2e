"""The files that a test command names or runs, followed through scripts, Makefiles and task runners."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Collection, Iterator

from sandbox.guard.imports import importers
from sandbox.guard.path_names import is_code, parents
from sandbox.repository.workspace import Workspace

LEVELS = 6
_SEPARATORS = re.compile(r"&&|\|\||[;|&\n]|\$\(|`|[()]")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_TARGET = re.compile(r"^([^\s#:=][^:=#]*?)\s*::?(?!=)\s*([^=\n]*)$")
_PREFIXES = ("env", "exec", "time", "nice", "sudo")
_OWN_FOLDER = re.compile(r"\"?\$\(dirname[^)]*\)\"?/|\$\{?(?:DIR|HERE|SCRIPT_DIR|here|dir)\}?/")
_SHELL = (".sh", ".bash", ".zsh", ".ksh")
_TASK_FILES = {
    "tox": ("tox.ini", "tox.toml"),
    "nox": ("noxfile.py",),
    "just": ("justfile", "Justfile", "JUSTFILE", ".justfile"),
    "task": tuple(f"{t}askfile{d}.{e}" for d in ("", ".dist") for e in ("yml", "yaml") for t in "Tt"),
    "invoke": ("tasks.py", "tasks/__init__.py", "invoke.yaml", "invoke.yml", "invoke.json", "invoke.py"),
    "inv": ("tasks.py", "tasks/__init__.py", "invoke.yaml", "invoke.yml", "invoke.json", "invoke.py"),
    "rake": ("rakefile", "Rakefile", "rakefile.rb", "Rakefile.rb"),
    "gulp": tuple(f"{g}ulpfile{b}.{e}" for b in ("", ".babel") for e in ("js", "cjs", "mjs", "ts") for g in "gG"),
    "grunt": tuple(f"{g}runtfile.{e}" for e in ("js", "cjs", "coffee") for g in "gG"),
    "doit": ("dodo.py", "doit.cfg"),
    "poe": ("poe_tasks.toml", "poe_tasks.yaml", "poe_tasks.json"),
    "hatch": ("hatch.toml",),
    "pdm": ("pdm.toml",),
    "mage": ("magefile.go", "magefiles/magefile.go"),
    "ctest": ("CMakeLists.txt", "CTestTestfile.cmake", "CMakePresets.json"),
    "turbo": ("turbo.json", "turbo.jsonc"),
    "nx": ("nx.json", "project.json"),
    "lerna": ("lerna.json",),
    "wireit": ("package.json",),
    "bazel": ("BUILD", "BUILD.bazel", ".bazelrc", "WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel"),
    "phing": ("build.xml",),
    "ant": ("build.xml",),
    "rspec": (".rspec",),
    "gradlew": ("gradle/wrapper/gradle-wrapper.properties", "gradle/wrapper/gradle-wrapper.jar"),
    "mvnw": (".mvn/wrapper/maven-wrapper.properties", ".mvn/jvm.config", ".mvn/maven.config", ".mvn/extensions.xml"),
    "mvn": (".mvn/jvm.config", ".mvn/maven.config", ".mvn/extensions.xml"),
}


def command_files(command: str, workspace: Workspace, new: Collection[str] = ()) -> frozenset[str]:
    """Tracked files that `command` (a shell line) runs or reads as instructions, followed through what these run.

    `new` are paths that a patch adds: those that the command would read beside or in the place of a tracked file
    (`GNUmakefile` before `Makefile`, an included file that may be absent) are among them too. The product is left
    out: a program under test that is called by its path, or what other files import.
    """
    return frozenset(_Follower(workspace, new).follow(command))


class _Follower:
    def __init__(self, workspace: Workspace, new: Collection[str]) -> None:
        self.workspace = workspace
        self.new = frozenset(new)
        self.paths = frozenset(f.path for f in workspace.files())
        self.seen: set[str] = set()
        self.scripts: set[str] = set()

    def follow(self, command: str) -> set[str]:
        self.line(command, "", 0)
        return self.seen

    def line(self, text: str, folder: str, level: int) -> None:
        """Every command of a shell text; a `cd` moves those after it."""
        if level > LEVELS:
            return
        joined = re.sub(r"\\\r?\n", " ", text)
        for part in _SEPARATORS.split(joined):
            words = _words(part)
            while words and (re.match(r"[A-Za-z_]\w*=", words[0]) or words[0] in _PREFIXES):
                for value in re.split(r"[\s=]", words[0]):
                    self.word(value, folder, level)
                words = words[1:]
            if words[:1] == ["cd"] and len(words) > 1:
                folder = posixpath.normpath(posixpath.join(folder, words[1])).removeprefix(".")
            elif words:
                self.command(words, folder, level)

    def command(self, words: list[str], folder: str, level: int) -> None:
        while posixpath.basename(words[0]) in ("npx", "bunx", "pnpx", "exec") and len(words) > 1:
            words = words[1:]
        name = posixpath.basename(words[0].lstrip("@-+"))
        if name in ("make", "gmake"):
            self.make(words[1:], folder, level)
            return
        if name in ("npm", "yarn", "pnpm", "bun"):
            self.script(
                [w for w in words[1:] if not w.startswith("-") and w not in ("run", "run-script")], folder, level
            )
        if name in ("npm-run-all", "run-s", "run-p", "concurrently", "npm-run-all2"):
            self.script([re.sub(r"^(?:npm|yarn):", "", w) for w in words[1:]], folder, level)
        if "-c" in words[:3] and name in ("sh", "bash", "zsh", "dash"):
            self.line(words[words.index("-c") + 1] if words[-1] != "-c" else "", folder, level + 1)
        tools = {name, *(posixpath.basename(w) for w in words[1:4])}
        for file in (f for tool in tools & _TASK_FILES.keys() for f in _TASK_FILES[tool]):
            path = posixpath.normpath(posixpath.join(folder, file))
            self.seen |= {path} & self.new
            self.file(path, folder, level)
        for word in words:
            self.word(word, folder, level)

    def word(self, word: str, folder: str, level: int) -> None:
        """A word, or the value of its `--option=`, where it is a tracked file or a module that `-m` or `-p` runs."""
        for text in {word.lstrip("@-+<>"), word.partition("=")[2], word.rpartition(",")[2]}:
            if text and not text.startswith("/"):
                self.file(posixpath.normpath(posixpath.join(folder, text)), folder, level)
                if re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+", text) and not text.endswith(".py"):
                    self.file(posixpath.join(folder, text.replace(".", "/") + ".py"), folder, level)

    def file(self, path: str, folder: str, level: int) -> None:
        if path in self.new and (path.endswith(_SHELL) or not is_code(path)):
            self.seen.add(path)  # named where nothing was: `-include`, `[ -f x ] && . x`, an option's file
        if path not in self.paths or path in self.seen or level > LEVELS or self.product(path):
            return
        self.seen.add(path)
        text = self.workspace.read_text(path) or ""
        first = text.split("\n", 1)[0]
        if path.endswith(_SHELL) or re.match(r"#!.*\b(?:ba|z|da|k)?sh\b", first):
            self.line(text, folder, level + 1)
            if below := posixpath.dirname(path):
                self.line(_OWN_FOLDER.sub("", text), below, level + 1)
        elif is_code(path):
            for found in re.findall(r"[\"'`]([\w./ -]{3,200})[\"'`]", text):
                for word in found.split():
                    self.word(word, folder, level + 1)
        elif posixpath.basename(path) in ("package.json", "package-lock.json"):
            return
        else:
            self.line(text, folder, level + 1)

    def product(self, path: str) -> bool:
        """Code that lies in a package or that other code imports is what is tested, not what tests."""
        if not is_code(path) or path.endswith(_SHELL):
            return False
        if any(f"{p}/__init__.py" in self.paths for p in parents(path)[:-1]):
            return True
        return any(True for _ in importers(path, self.workspace, lambda _: True))

    def script(self, names: list[str], folder: str, level: int) -> None:
        """Scripts of the package.json in `folder`, with what npm runs before and after them."""
        try:
            package = json.loads(self.workspace.read_text(posixpath.join(folder, "package.json")) or "{}")
            scripts = package.get("scripts") or {}
            wanted = [f"{when}{n}" for n in names for when in ("pre", "", "post")]
        except (ValueError, AttributeError, RecursionError):
            return
        names_found = [n for w in wanted for n in scripts if n == w or (w.endswith("*") and n.startswith(w[:-1]))]
        for name in names_found:
            if f"{folder}:{name}" not in self.scripts and isinstance(scripts[name], str):
                self.scripts.add(f"{folder}:{name}")
                self.line(scripts[name], folder, level + 1)

    def make(self, words: list[str], folder: str, level: int) -> None:
        named = None
        targets: list[str] = []
        words = list(words)
        while words:
            word = words.pop(0)
            if word in ("-C", "--directory") and words:
                folder = posixpath.normpath(posixpath.join(folder, words.pop(0)))
            elif word in ("-f", "--file", "--makefile") and words:
                named = words.pop(0)
            elif not word.startswith("-") and "=" not in word:
                targets.append(word)
        tries = [posixpath.normpath(posixpath.join(folder, t)) for t in ([named] if named else _MAKEFILES)]
        self.seen |= self.new & set(tries)
        path = next((t for t in tries if t in self.paths), None)
        if path is None or f"make:{path}:{targets}" in self.scripts:
            return
        self.scripts.add(f"make:{path}:{targets}")
        rules: dict[str, list[str]] = {}
        needs: dict[str, list[str]] = {}
        everything = "\n".join(self.makefile(path, folder))
        _read_rules(everything, rules, needs)
        open_targets = targets or list(rules)[:1]
        phony = set(needs.get(".PHONY", ()))
        known: set[str] = set()
        while open_targets:
            target = open_targets.pop()
            if target in known:
                continue
            known.add(target)
            if target not in phony:
                self.seen |= self.up_to_date(posixpath.normpath(posixpath.join(folder, target)))
            open_targets += needs.get(target, [])
            for line in rules.get(target, []):
                self.line(_expanded(line, everything), folder, level + 1)

    def up_to_date(self, target: str) -> set[str]:
        """New files by whose mere presence a target is made already, so that its commands never run."""
        if any(p == target or p.startswith(f"{target}/") for p in self.paths):
            return set()
        return {p for p in self.new if p == target or p.startswith(f"{target}/")}

    def makefile(self, path: str, folder: str) -> Iterator[str]:
        """The text of a makefile and of those that it includes."""
        if path in self.seen or path not in self.paths:
            return
        self.seen.add(path)
        text = self.workspace.read_text(path) or ""
        yield re.sub(r"\\\r?\n", " ", text)
        for line in re.findall(r"^-?s?include[ \t]+(.+)$", text, re.MULTILINE):
            for word in _expanded(line, text).split():
                pattern = re.escape(posixpath.normpath(posixpath.join(folder, word))).replace(r"\*", "[^/]*")
                self.seen |= {p for p in self.new if re.fullmatch(pattern, p)}
                for found in sorted(p for p in self.paths if re.fullmatch(pattern, p)):
                    yield from self.makefile(found, folder)


def _read_rules(text: str, rules: dict[str, list[str]], needs: dict[str, list[str]]) -> None:
    names: list[str] = []
    for line in text.splitlines():
        if line.startswith("\t"):
            for name in names:
                rules[name].append(line.strip())
        elif found := _TARGET.match(line):
            names = found[1].split()
            before, _, recipe = found[2].partition(";")
            for name in names:
                rules.setdefault(name, [])
                needs.setdefault(name, []).extend(before.replace("|", " ").split())
                rules[name] += [recipe.strip()] if recipe.strip() else []


def _expanded(line: str, makefile: str) -> str:
    """A makefile's line with its plain variables filled in, once."""
    values = dict(re.findall(r"^(?:export\s+)?([\w.-]+)\s*[:?+]?=\s*(.*)$", makefile, re.MULTILINE))
    values |= {"MAKE": "make", "CURDIR": ".", "PWD": "."}
    for _ in range(3):
        line = re.sub(r"\$[({]([\w.-]+)[)}]", lambda m: values.get(m[1], ""), line)
    return line.lstrip("@-+ ")


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
