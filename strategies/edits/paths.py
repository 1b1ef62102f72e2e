"""File names as models write them: quoted, decorated, prefixed; and the real one that is meant. Pure text."""

from __future__ import annotations

import difflib
import posixpath
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator

LONGEST = 300
MANY = 20_000
"""With more files than this, spelling is not compared."""
BARE_NAMES = frozenset(
    {
        *(
            "BUCK",
            "BUILD",
            "Brewfile",
            "CODEOWNERS",
            "Caddyfile",
            "Dangerfile",
            "Dockerfile",
            "Fastfile",
            "GNUmakefile",
        ),
        *("Gemfile", "Jenkinsfile", "Justfile", "Kbuild", "LICENSE", "Makefile", "NOTICE", "Pipfile", "Podfile"),
        *("Procfile", "README", "Rakefile", "Tiltfile", "Vagrantfile", "WORKSPACE", "justfile", "makefile"),
    }
)
_TEXT_ENDINGS = (
    "adoc astro avsc bash bat bazel bib bzl c cc cfg cjs clj cljs cmake cmd conf cpp cr cs csproj css csv cts cu "
    "cue cxx d dart diff dockerfile edn ejs el elm env erb erl ex exs f90 feature fish fs fsx geojson gemspec "
    "gleam go gql gradle graphql groovy h haml hbs hcl hpp hs htm html hxx ini ipynb j2 java jinja jinja2 jl js "
    "json json5 jsonc jsonl jsx kt kts less liquid lisp lock lua m m4 mako markdown md mdx mjs mk ml mli mm mod "
    "mts mustache nim nix nu org patch php pl po pot plist pm prisma properties proto ps1 psm1 pug py pyi pyx qml "
    "r rake rb rbi rego rkt robot rs rst sass sbt scala scm scss service sh snap sol sql star sum svelte svg "
    "swift sv tcl tex tf tfvars thrift toml tpl ts tsv tsx twig txt typ v vb vert vhd vim vue wat webmanifest "
    "wgsl xaml xhtml xml xsd xsl yaml yml zig zsh "
)
ENDINGS = frozenset(_TEXT_ENDINGS.split())
"""Endings of text files that stand in repositories."""
ROOTS = frozenset({"app", "code", "project", "repo", "repository", "testbed", "workspace"})
"""Folders that models of agents' traces take for where the repository lies."""
_SYSTEM = re.compile(r"^(?:[A-Za-z]:/|/(?:bin|boot|dev|etc|lib\d*|proc|run|sbin|sys|usr(?!/src)|var)/)")
_LEAD = re.compile(
    r"^(?:[#*>\-+\s]|//+|/\*|<!--|\d{1,3}[.)]\s)*"
    r"(?:(?:(?:new|delete|deleted|in|edit|edited|update|updated|modify|modified|create|created|changes?|to|the)\s+)*"
    r"(?:file(?:[ _-]?(?:name|path))?|path|filepath)\s*[:=]?\s+|(?:in|edit|update|modify|create)\s+(?=[`'\"]))?",
    re.IGNORECASE,
)
_LEADING = frozenset(
    {
        *("after", "also", "and", "before", "change", "create", "edit", "file", "for", "from", "in", "modify", "new"),
        *("now", "see", "that", "the", "then", "this", "to", "update"),
    }
)
"""Words that lead to a path in a sentence."""
_QUOTES = "`'\"*"
_WORD = re.compile(r"^[^\s<>|*?\"`]+$")
_TAIL = re.compile(
    r"(?:\s*(?:\*/|-->)|\s*\((?:[^()]*\b(?:lines?|new|edited|modified|updated|continued|created|excerpt|snippet)\b[^()]*)\)"
    r"|:L?\d+(?:[-–:,]L?\d+)?|#L\d+(?:-L?\d+)?|,?\s+lines?\s+\d+(?:\s*(?:[-–]|to)\s*\d+)?)+$",
    re.IGNORECASE,
)
_ENDING = re.compile(r"^\.?[\w+@~()\[\]-]+(?:\.[\w+@~-]+)*\.\w{1,12}$|^\.\w[\w.-]*$")
_LABELLED = re.compile(
    r"\b(?:title|path|file|filename|filepath|name)\s*=\s*(?P<quote>[\"']?)(?P<path>[^\"'{}]+?)(?P=quote)(?:[\s}]|$)"
)
_MENTIONED = re.compile(
    r"`([^`\n]{1,300})`|(?<![\w`/])((?:[\w.@-]+/)*[\w@-]+(?:\.[\w-]+)*\.[A-Za-z]\w{0,7})(?![\w`/(])"
)


def clean_path(raw: str) -> str:
    """The path in a line like ``### File: `./src/a.py`:``, without decoration. May be empty."""
    text = _LEAD.sub("", raw.strip(), count=1).strip()
    text = text.rstrip(":").strip().strip(_QUOTES).strip().rstrip(":")
    text = _TAIL.sub("", text).strip().strip(_QUOTES).replace("\\", "/")
    while text.startswith("./"):
        text = text[2:]
    return text


def looks_like_path(raw: str) -> bool:
    """Whether a line names one file: a word with a folder or an ending, a well-known name, or such a thing quoted
    or with blanks in its folders' names."""
    path = clean_path(raw)
    if not path or len(path) > LONGEST or path.startswith(("<<<", "===", ">>>", "@@", "```")) or "://" in path:
        return False
    name = posixpath.basename(path)
    if not _WORD.match(path):
        quoted = bool(re.match(r"^[`'\"*]+[^`'\"]*[`'\"*]+:?\s*$", _LEAD.sub("", raw.strip(), count=1))) and "/" in path
        return quoted or _blanks_in_a_path(path)
    return "/" in path.strip("/") or name in BARE_NAMES or bool(_ENDING.match(name))


def _blanks_in_a_path(path: str) -> bool:
    """Whether words with blanks between them are one path: short, in a folder or not, with an ending, no sentence."""
    name = posixpath.basename(path)
    ended = re.search(r"[^\s.]\.[A-Za-z]\w{0,7}$", name)
    words = path.split()
    sentence = words[0].lower() in _LEADING or ("/" in words[-1] and "/" not in words[0])
    return bool(ended and len(words) <= 4 and not sentence and not re.search(r"[,;:!?()=`'\"]|\.\s", path))  # noqa: PLR2004 - words


def ending_of(path: str) -> str:
    """The letters after the last dot of a file's name, in small ones; or ""."""
    return posixpath.basename(path).rpartition(".")[2].lower() if "." in posixpath.basename(path) else ""


def names_a_file(path: str, paths: Collection[str]) -> bool:
    """Whether a new file may well be called so: its ending is one of files, or the repository has it or the folder."""
    name, ending = posixpath.basename(path), ending_of(path)
    if name in BARE_NAMES or name.startswith(".") or ending in ENDINGS:
        return True
    folder = path.rpartition("/")[0]
    return any((ending and ending_of(p) == ending) or (folder and p.startswith(f"{folder}/")) for p in paths)


def in_label(label: str) -> str:
    """The path in a fence's label such as `python src/a.py`, `python:src/a.py` or `js title="src/a.js"`; or ""."""
    named = _LABELLED.search(label)
    if named:
        return clean_path(named["path"])
    words = label.split()
    word = words[-1].strip("{}") if words else ""
    after_colon = word.partition(":")[2]
    if after_colon and not re.fullmatch(r"L?\d+(?:[-:]\d+)?", after_colon) and looks_like_path(after_colon):
        return clean_path(after_colon)
    dotted = "." in word or "/" in word or word in BARE_NAMES
    return clean_path(word) if dotted and looks_like_path(word) else ""


def candidates(raw: str) -> Iterator[str]:
    """What a line may mean as a path, the most literal first."""
    seen = set()
    bare = re.sub(r"^(?:a|b)/", "", clean_path(raw))
    named = _LABELLED.search(raw)
    for one in (
        raw.strip(),
        raw.strip().strip(_QUOTES),
        clean_path(raw),
        bare,
        clean_path(named["path"]) if named else "",
    ):
        if one and one not in seen:
            seen.add(one)
            yield one


def mentioned(sentence: str) -> list[str]:
    """What a sentence names like a file, in order, each once."""
    found = (clean_path(quoted or bare) for quoted, bare in _MENTIONED.findall(sentence))
    return list(dict.fromkeys(path for path in found if looks_like_path(path)))


def known_path(raw: str, paths: Collection[str], known: Callable[[str], bool]) -> str:
    """The file of the repository that a line names, or ""."""
    for one in candidates(raw):
        if known(one):
            return one
    for one in candidates(raw):
        alike = same_letters(one, paths)
        if alike:
            return alike
    return ""


def same_letters(path: str, paths: Collection[str]) -> str:
    """The one known path that differs only in how its accents are composed (Unicode NFC and NFD), or ""."""
    if path.isascii():
        return ""
    wanted = unicodedata.normalize("NFC", path)
    found = [p for p in paths if not p.isascii() and unicodedata.normalize("NFC", p) == wanted]
    return found[0] if len(found) == 1 else ""


def spelt_out(path: str) -> str:
    """`path` as it can be told from one that looks alike: combining and invisible characters by their numbers."""
    return "".join(f"\\u{{{ord(c):x}}}" if c != " " and _unseen(c) else c for c in path)


def _unseen(c: str) -> bool:
    return bool(unicodedata.combining(c)) or unicodedata.category(c) in {"Cf", "Zs", "Cc", "Cs"}


def refusal(path: str) -> str:
    """Why `path` cannot be a repository path, or "" when it can."""
    if not path:
        return "the edit names no file"
    if path.startswith("/") or re.match(r"^[A-Za-z]:/", path):
        return f"{path!r} is absolute; give the path relative to the repository's root"
    if ".." in path.split("/"):
        return f"{path!r} leaves the repository; give the path relative to its root, without '..'"
    if "\0" in path or "\n" in path:
        return f"{path!r} is not a file name"
    return ""


def same_tail(path: str, paths: Collection[str]) -> str:
    """The one known path that ends with `path`, or that `path` only puts folders before that the repository has not
    (`/testbed/src/a.py`, `repo/src/a.py`); "" if there is not exactly one."""
    found = [p for p in paths if p.endswith("/" + path)]
    if not found:
        system = _SYSTEM.match(path)
        tails = [p for p in paths if path.endswith("/" + p) and not system]
        longest = max(tails, key=len, default="")
        before = path[: len(path) - len(longest)].strip("/")
        found = [longest] if longest and not (before and any(p.startswith(f"{before}/") for p in paths)) else []
    return found[0] if len(found) == 1 else ""


def without_root(path: str, paths: Collection[str]) -> str:
    """An absolute path for a new file, from the folder that models take for the repository's root; else `path`."""
    if not path.startswith("/") or _SYSTEM.match(path):
        return path
    folders = {p.rpartition("/")[0] for p in paths}
    parts = path.strip("/").split("/")
    for drop in range(len(parts) - 1):
        rest = parts[drop:]
        if "/".join(rest[:-1]) in folders and (drop == 0 or len(rest) > 1):
            return "/".join(rest)
    return "/".join(parts[1:]) if parts[0] in ROOTS and len(parts) > 1 else path


def nearest(path: str, paths: Collection[str], n: int = 3) -> list[str]:
    """Known paths that `path` probably meant, best first: same file name, then similar spelling."""
    name = posixpath.basename(path)
    same = sorted(p for p in paths if posixpath.basename(p) == name)
    ranked = difflib.get_close_matches(path, same, n, 0.0) if same else []
    if len(ranked) < n and len(paths) <= MANY:
        ranked += [p for p in difflib.get_close_matches(path, list(paths), n, 0.6) if p not in ranked]
    return ranked[:n]
