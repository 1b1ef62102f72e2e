"""Product code that looks for the tests without naming one: it lists folders, picks files by pattern and reads them."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Sequence

from sandbox.guard.imports import imports_of
from sandbox.guard.suite import SuiteFiles

_LISTS = re.compile(
    r"\b(?:r?glob|iglob|globSync|fast-glob|walk|walkSync|listdir|scandir|iterdir|fnmatch|readdir(?:Sync)?|opendir(?:Sync)?|"
    r"ReadDir|WalkDir|filepath\.(?:Walk|Glob)|read_dir|WalkBuilder|walkFileTree|newDirectoryStream|listFiles|"
    r"iter_modules|walk_packages|resources\.files|ls-files|Dir\.(?:glob|children|entries))\b"
)
_READS = re.compile(
    r"\bopen\s*\(|\bread(?:_text|_bytes|_to_string|_source|lines?|File|FileSync|AllBytes|String)?\s*\(|\bReadFile\b|"
    r"\bFile::open|createReadStream|\bgetlines?\s*\(|getsource|\bget_(?:data|source)\b|\brun_path\b|import_module|"
    r"exec_module|\btokenize\b|ioutil\.ReadAll|\bio\.ReadAll|newBufferedReader|\bgrep\b|\bcat\b|fileinput\b"
)
_HERE = re.compile(
    r"\b__file__\b|\b__dirname\b|\b__filename\b|import\.meta\.(?:url|dirname|filename|glob)|\bgetcwd\(|\bPath\.cwd\(|"
    r"process\.cwd\(|\bos\.Getwd\(|runtime\.Caller\(|CARGO_MANIFEST_DIR|current_dir\(|\"user\\.dir\"|__path__|__spec__"
)
_STRING = re.compile(r"""(["'`])((?:\\.|(?!\1)[^\n\\]){1,200})\1""")
_TEST_NAME = re.compile(
    r"^[\W_]*(?:tests?|specs?|conftest|__tests__|testdata)(?:[\W_]+(?:py|[cm]?[jt]sx?|go|rs|java|kt)?)?[\W_]*$",
    re.IGNORECASE,
)
_ROOTS = frozenset({".", "..", "./", "../", "r", "rb", "utf-8", "utf8", "ascii", "latin-1", "/", ""})
_ALL = re.compile(r"^[*./]+$")


def source_readers(path: str, before: str, after: str, code: Sequence[str], suite: SuiteFiles) -> Iterator[str]:
    """Doubts about `code`, the lines that `path` gained: it imports tests, looks for them, or reads all sources.

    What the file did before is not doubted: a tool that walks through test files may do so in another way.
    """
    paths = suite.paths
    for test in sorted(imports_of(path, after, paths) - imports_of(path, before, paths)):
        if suite.is_test(test):
            yield f"imports a file of the tests (`{test}`)"
            return
    lists = next((line for line in code if _LISTS.search(line)), None)
    if lists is None:
        return
    texts = [text for line in code for _, text in _STRING.findall(line) if text not in before]
    tests = [p for p in paths if suite.is_test(p)]
    wanted = next((t for t in texts if _TEST_NAME.match(t) or _picks(t, tests)), None)
    if wanted is not None:
        yield f"looks for the files of the tests (`{wanted}`)"
        return
    joined = "\n".join(code)
    if _LISTS.search(before) and _READS.search(before):
        return
    near = [t for line in code if _LISTS.search(line) or _HERE.search(line) for _, t in _STRING.findall(line)]
    patterns = [t for t in near if t not in _ROOTS and not _ALL.match(t)]
    if _HERE.search(joined) and _READS.search(joined) and all(_ends(t, tests) for t in patterns):
        yield f"reads files that it finds beside its own, the tests among them (`{' '.join(lists.split())[:60]}`)"


def _picks(text: str, tests: Sequence[str]) -> bool:
    """Whether a text is a glob or an expression for names of tests, and picks one that is there."""
    if not re.search(r"test|spec", text, re.IGNORECASE) or not re.search(r"[*?\[\\]", text):
        return False
    name = posixpath.basename(text) or text
    if any(fnmatch.fnmatchcase(posixpath.basename(t), name) or fnmatch.fnmatchcase(t, text) for t in tests):
        return True
    try:
        expression = re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return False
    return any(expression.search(t) for t in tests[:200])


def _ends(text: str, tests: Sequence[str]) -> bool:
    """Whether a pattern or an ending, that does not speak of tests, picks one all the same."""
    name = posixpath.basename(text)
    return any(
        fnmatch.fnmatchcase(posixpath.basename(t), name) or (name[:1] == "." and t.endswith(name)) for t in tests
    )
