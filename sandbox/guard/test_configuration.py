"""Files that hold test configuration beside other things: whether a change touches that part, and undoing only that.

Recognised by parsing, so that a dotted or quoted key, another spelling or another line end is the same key.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from sandbox.guard.brace_blocks import code_blocks, without_comments
from sandbox.guard.documents import Chooses, Path, chosen, ini_sections, replaced, toml_text
from sandbox.guard.js_data import NotData, parse_js_data

_TEST_WORD = re.compile(r"test|pytest|coverage|\bcov\b|\btox\b|\bnox\b|doctest|unittest|nose|xdoc|hypothesis|snapshot")
_RUNNER_KEY = re.compile(
    r"^(?:jest|mocha|vitest|ava|tap|nyc|c8|karma|jasmine|cypress|playwright|babel|qunit|tape|lab|wdio|ts-jest|@swc|"
    r"[\w-]*test[\w-]*|jest-[\w-]+|node-options)$"
)
_SCRIPT_WORDS = frozenset(
    {
        "test", "tests", "tested", "testing", "pretest", "posttest", "unit", "e2e", "spec", "specs", "coverage",
        "cover", "cov", "jest", "mocha", "vitest", "ava", "tap", "check", "ci", "verify", "integration",
    }
)  # fmt: skip
_INI_SECTION = re.compile(r"^(?:tool:)?(?:pytest|coverage(?::\w+)?|nosetests|unittest|aliases|test|paths|run|report)$")
_BUILD_ONLY = ("server", "preview", "build", "css", "base", "publicDir", "logLevel", "worker", "optimizeDeps", "ssr")
_MAVEN_PLUGIN = re.compile(r"surefire|failsafe|jacoco|test|junit|groovy|kotlin-maven|cucumber")
_MAVEN_PROPERTY = re.compile(r"test|surefire|failsafe|argLine|jacoco|skipIT", re.IGNORECASE)
_MAVEN_ELEMENTS = frozenset({"testSourceDirectory", "testResources", "testOutputDirectory", "testExcludes"})
_GRADLE = re.compile(
    r"\btest\b|\btests\b|\bTest\b|useJUnit|sourceSets|\bcheck\b|onlyIf|ignoreFailures|gradle\.startParameter"
)


def _pyproject(path: Path) -> bool:
    tasks = path[:3] in (("tool", "poe", "tasks"), ("tool", "taskipy", "tasks"), ("tool", "pdm", "scripts"))
    scripts = len(path) == 5 and path[:3] == ("tool", "hatch", "envs") and "scripts" in path[4]  # noqa: PLR2004
    return (
        (len(path) == 2 and path[0] == "tool" and bool(_TEST_WORD.search(path[1].lower())))  # noqa: PLR2004
        or path[-1] == "pytest11"
        or (tasks and len(path) == 3)  # noqa: PLR2004
        or scripts
    )


def _cargo(path: Path) -> bool:
    target = path[0] in ("lib", "bin", "example", "bench") and path[-1] in ("test", "doctest", "harness")
    return (
        path in (("test",), ("profile", "test"), ("package", "autotests"), ("package", "metadata", "nextest")) or target
    )


def _deno(path: Path) -> bool:
    return path[0] == "test" or (len(path) > 1 and path[0] in ("tasks", "scripts") and test_script(path[1]))


def test_script(name: str) -> bool:
    """Whether a script of this name (`test`, `test:unit`, `ci-check`) is one that tests."""
    return not _SCRIPT_WORDS.isdisjoint(re.split(r"[:_\-./]", name.lower()))


def _package(*documents: Mapping[str, object]) -> Chooses:
    """The test part of a package.json: the runners' blocks, and the scripts that test or are run by those."""
    scripts: dict[str, str] = {}
    for document in documents:
        found = document.get("scripts")
        scripts |= {k: str(v) for k, v in found.items()} if isinstance(found, dict) else {}
    wanted = {name for name in scripts if test_script(name)}
    new = wanted
    while new:
        text = " ".join(scripts[name] for name in new)
        called = {n for n in scripts if re.search(rf"(?:^|[\s\"':]){re.escape(n)}(?:$|[\s\"':*&;|])", text)}
        new = (called | {f"{p}{n}" for n in called for p in ("pre", "post") if f"{p}{n}" in scripts}) - wanted
        wanted = wanted | new

    def chooses(path: Path) -> bool:
        return (path[0] == "scripts" and path[1:2] != () and path[1] in wanted) or (
            len(path) == 1 and path[0] != "devDependencies" and bool(_RUNNER_KEY.match(path[0]))
        )

    return chooses


def _tsconfig(base: Mapping[str, object], installed: frozenset[str]) -> Chooses:
    """What existing imports mean: aliases that are there already or take a package's name, and transformers."""
    options = base.get("compilerOptions")
    aliases = options.get("paths") if isinstance(options, dict) else None
    known = frozenset(aliases if isinstance(aliases, dict) else ())

    def chooses(path: Path) -> bool:
        if path[:2] == ("compilerOptions", "paths") and len(path) == 3:  # noqa: PLR2004
            bare = path[2].removesuffix("/*")
            return path[2] in known or bare in installed or bare.startswith("node:") or bare == "*"
        return path in (("ts-node",), ("compilerOptions", "plugins"), ("vitest",), ("jest",))

    return chooses


def _read_json(text: str) -> object:
    return json.loads(text.removeprefix("\ufeff"))


def _parsed(path: str, base: str, after: str, installed: frozenset[str]) -> tuple[object, object, Chooses] | None:
    """Both documents and what of them is the test part; None for another kind of file. Raises ValueError."""
    name = posixpath.basename(path)
    read: Callable[[str], object]
    if name in ("pyproject.toml", "Cargo.toml"):
        read = tomllib.loads
    elif name in ("package.json", "composer.json"):
        read = _read_json
    elif name in ("deno.json", "deno.jsonc") or re.fullmatch(r"(?:ts|js)config[\w.-]*\.json", name):
        read = parse_js_data
    else:
        return None
    before, now = read(base) if base.strip() else {}, read(after) if after.strip() else {}
    if not isinstance(before, dict) or not isinstance(now, dict):
        raise ValueError("no object at the top")  # noqa: TRY004 - an unreadable file, not a wrong call
    if "config" in name:
        return before, now, _tsconfig(before, installed)
    choosers: dict[str, Chooses] = {"pyproject.toml": _pyproject, "Cargo.toml": _cargo}
    return before, now, choosers.get(name) or (_deno if name.startswith("deno") else _package(before, now))


def is_mixed(path: str) -> bool:
    """Whether a file of this name may hold test configuration beside other things."""
    name = posixpath.basename(path)
    return name in (
        "pyproject.toml", "Cargo.toml", "package.json", "composer.json", "deno.json", "deno.jsonc", "setup.cfg",
        "tox.ini", "pom.xml", "build.gradle", "build.gradle.kts",
    ) or bool(re.fullmatch(r"(?:ts|js)config[\w.-]*\.json|vite[\w.-]*\.config\.[cm]?[jt]s", name))  # fmt: skip


def restored_part(path: str, base: str, after: str, installed: frozenset[str] = frozenset()) -> str | None:
    """The text to judge in place of `after`: with the test part as in `base`, the rest as in `after`.

    `after` itself when the test part is the same; `base` when the two cannot be told apart; None when nothing else
    is left to restore but the file's absence. `installed` are names of the packages that the repository asks for.
    """
    name = posixpath.basename(path)
    if name in ("setup.cfg", "tox.ini"):
        return _ini(base, after)
    if name == "pom.xml" or name.startswith("build.gradle") or re.match(r"vite[\w.-]*\.config\.", name):
        read = _maven if name == "pom.xml" else _gradle if name.startswith("build") else _vite
        return after if read(base) == read(after) else base or None
    try:
        found = _parsed(path, base, after, installed)
    except (ValueError, NotData, RecursionError):
        return base or None
    if found is None:
        return after
    before, now, chooses = found
    part = chosen(before, chooses)
    if part == chosen(now, chooses):
        return after
    try:
        merged = replaced(now, chooses, part)
    except (LookupError, ValueError):
        return base or None
    if not isinstance(merged, dict) or merged == before:
        return base or None
    return toml_text(merged) if name.endswith(".toml") else json.dumps(merged, indent=2, ensure_ascii=False) + "\n"


def _ini(base: str, after: str) -> str | None:
    readings = [
        {(s.name, s.meaning) for s in ini_sections(text, indented=indented) if _tests(s.name, s.meaning)}
        for indented in (False, True)
        for text in (base, after)
    ]
    if readings[0] == readings[1] and readings[2] == readings[3]:
        return after
    kept = [s for s in ini_sections(after) if not _tests(s.name, s.meaning)]
    others = [(s.name, s.meaning) for s in ini_sections(base) if not _tests(s.name, s.meaning)]
    if others == [(s.name, s.meaning) for s in kept]:
        return base or None
    kept += [s for s in ini_sections(base) if _tests(s.name, s.meaning)]
    merged = "".join(f"{line}\n" for s in kept for line in s.lines)
    now = {(s.name, s.meaning) for s in ini_sections(merged, indented=True) if _tests(s.name, s.meaning)}
    return merged if now == readings[2] else base or None


def _tests(name: str, lines: tuple[str, ...]) -> bool:
    return bool(_INI_SECTION.match(name)) or any("pytest11" in line for line in lines)


def _maven(text: str) -> object:
    """What a POM says about tests: its test plugins, properties and folders, in every profile; None if unreadable."""
    try:
        root = ElementTree.fromstring(text) if text.strip() else None
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        return text
    found: list[object] = []
    for element in root.iter() if root is not None else ():
        tag = element.tag.rsplit("}", 1)[-1]
        children = {c.tag.rsplit("}", 1)[-1]: (c.text or "").strip() for c in element}
        if (tag == "plugin" and _MAVEN_PLUGIN.search(children.get("artifactId", ""))) or tag in _MAVEN_ELEMENTS:
            found.append(_shape(element))
        elif tag == "properties":
            found.append(sorted((k, v) for k, v in children.items() if _MAVEN_PROPERTY.search(k)))
    return found


def _shape(element: Element) -> object:
    return (element.tag, (element.text or "").strip(), tuple(_shape(child) for child in element))


def _gradle(text: str) -> object:
    """The blocks and statements of a Gradle build that speak of tests, spaces and comments apart."""
    plain = without_comments(text)
    blocks = [" ".join(plain[b.start : b.end].split()) for b in code_blocks(plain) if _GRADLE.search(b.header)]
    lines = [" ".join(line.split()) for line in plain.splitlines() if _GRADLE.search(line)]
    return sorted(blocks), sorted(lines)


def _vite(text: str) -> object:
    """A Vite configuration without what only the development server and the bundle use."""
    plain = without_comments(text)
    for block in reversed(code_blocks(plain)):
        if re.search(rf"\b(?:{'|'.join(_BUILD_ONLY)})\s*:\s*$", block.header):
            plain = plain[: block.start] + plain[block.end :]
    plain = re.sub(rf"\b(?:{'|'.join(_BUILD_ONLY)})\s*:\s*(?:[^,\n{{}}()]*)?,?", "", plain)
    return "".join(plain.split())
