"""What tox would do: the environment that runs the tests, read from its configuration as text.

tox itself is never run for this: it imports the repository's plugins. Read are tox.ini, setup.cfg, tox.toml and
pyproject.toml, with factors and substitutions resolved (https://tox.wiki/en/latest/config.html).
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.recipes.python.suite import ini, table, toml
from sandbox.repository.workspace import Workspace

SITE = "@site-packages"
"""Stands in commands for the folder of installed packages, which an editable installation leaves empty."""
ENVIRONMENTS = 2_000  # a list of factors may multiply; more are not looked at
DEPTH = 30  # substitutions inside substitutions

# Factors, extras and groups that bring linters, documentation and packaging, not tests.
NOT_FOR_TESTS = re.compile(
    r"lint|docs?|flake|mypy|typ(e|ing)|style|format|black|isort|cov|check|build|release|bench|pre-commit"
)
_FACTORS = re.compile(r"^(?P<factors>[\w.{}!,-]+):\s+(?P<rest>.*)$")
_PLACES = {
    **dict.fromkeys(("toxinidir", "tox_root"), "."),
    **dict.fromkeys(("envpython", "env_python"), "python"),
    **dict.fromkeys(("envsitepackagesdir", "env_site_packages_dir"), SITE),
    **dict.fromkeys(("envtmpdir", "env_tmp_dir", "toxworkdir", "work_dir"), "$TMPDIR"),
    **dict.fromkeys(("envdir", "env_dir"), "$PENNYFIX_ENV"),
    **dict.fromkeys(("envbindir", "env_bin_dir"), "$PENNYFIX_ENV/bin"),
    "homedir": "$HOME",
    "/": "/",
    ":": ":",
}


@dataclass(frozen=True, slots=True)
class ToxEnvironment:
    """One environment with everything resolved. `folder` is where its commands run ("" = the checkout)."""

    name: str
    source: str
    deps: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    folder: str = ""


def tox_environment(workspace: Workspace) -> ToxEnvironment | None:
    """The environment that runs the tests; None when tox is not configured, or tests nothing."""
    for path, section in (("tox.ini", "tox"), ("setup.cfg", "tox:tox")):
        parser = ini(workspace.read_text(path) or "")
        if parser.has_section(section) or parser.has_section("testenv"):
            return _from_ini({s: dict(parser[s]) for s in parser.sections()}, section, path)
    native = toml(workspace, "tox.toml"), "tox.toml"
    if not native[0]:
        native = dict(table(toml(workspace, "pyproject.toml"), "tool", "tox")), "pyproject.toml"
    if legacy := native[0].get("legacy_tox_ini"):
        parser = ini(str(legacy))
        return _from_ini({s: dict(parser[s]) for s in parser.sections()}, "tox", native[1])
    return _from_toml(*native) if native[0] else None


def expanded(names: str) -> list[str]:
    """The environments that a list names: `py{310-312}-{a,b}` is six."""
    out: list[str] = []
    for line in names.splitlines():
        for name in re.findall(r"(?:\{[^{}]*\}|[^\s,{}])+", line.split("#")[0]):
            parts = [_choices(p) for p in re.split(r"(\{[^{}]*\})", name) if p]
            out += ["".join(p) for p in itertools.islice(itertools.product(*parts), ENVIRONMENTS)]
    return list(dict.fromkeys(out))[:ENVIRONMENTS]


def _choices(part: str) -> list[str]:
    if not part.startswith("{"):
        return [part]
    out: list[str] = []
    for word in part[1:-1].split(","):
        bounds = re.fullmatch(r"(\d+)-(\d+)", word.strip())
        out += (
            [str(n) for n in range(int(bounds[1]), min(int(bounds[2]), int(bounds[1]) + 99) + 1)]
            if bounds
            else [word.strip()]
        )
    return out


def chosen(names: Sequence[str], unreachable: Iterable[str] = ()) -> str:
    """The environment that runs the tests with the newest released Python; "" is tox's own base environment."""
    unwanted = set(unreachable)

    def order(name: str) -> tuple[bool, bool, bool, int, int]:
        factors = name.split("-")
        minors = [int(m[1]) for f in factors if (m := re.fullmatch(r"py3\.?(\d+)", f))]
        other = any(NOT_FOR_TESTS.search(f) for f in factors if not f.startswith("py3"))
        named = any(re.fullmatch(r"py(thon)?3?|tests?|units?|py3\.?\d+", f) for f in factors)
        return other, not named, name in unwanted, -max(minors, default=0), names.index(name)

    best = min(names, key=order, default="")
    return best if best and not order(best)[0] else ""


def applies(condition: str, factors: Iterable[str]) -> bool:
    """Whether a line with this condition of factors belongs to an environment with these: `a-!b,c`."""
    have = set(factors)
    return any(
        all((f[1:] not in have) if f.startswith("!") else f in have for f in alternative.split("-"))
        for alternative in expanded(condition)
    )


def _from_ini(sections: Mapping[str, Mapping[str, str]], main: str, path: str) -> ToxEnvironment:
    told = sections.get(main, {})
    names = expanded(told.get("env_list") or told.get("envlist") or "")
    distant = [n for n in names if "://" in "".join(_ini_environment(sections, n, path).deps)]
    return _ini_environment(sections, chosen(names, distant), path)


def _ini_environment(sections: Mapping[str, Mapping[str, str]], name: str, path: str) -> ToxEnvironment:
    factors = name.split("-")
    own = [s for s in sections if s.startswith("testenv:") and name in expanded(s.removeprefix("testenv:"))]

    def value(*keys: str) -> str:
        for section in (*own, "testenv"):
            for key in keys:
                if key in sections.get(section, {}):
                    return _resolved(sections[section][key], sections, section)
        return ""

    def lines(*keys: str) -> tuple[str, ...]:
        out = []
        for line in re.sub(r"\s*\\\n\s*", " ", value(*keys)).splitlines():
            plain = re.split(r"(?:^|\s)#", line)[0].strip()
            found = _FACTORS.match(plain)
            if found and not applies(found["factors"], factors):
                continue
            out.append((found["rest"] if found else plain).strip())
        return tuple(x for x in out if x)

    variables = [v.partition("=") for v in lines("set_env", "setenv")]
    return ToxEnvironment(
        name,
        path,
        deps=tuple(lines("deps")),
        extras=tuple(w for line in lines("extras") for w in re.split(r"[\s,]+", line) if w),
        groups=tuple(w for line in lines("dependency_groups") for w in re.split(r"[\s,]+", line) if w),
        commands=lines("commands_pre") + lines("commands"),
        variables=tuple((k.strip(), v.strip()) for k, equals, v in variables if equals),
        folder=_folder(value("change_dir", "changedir")),
    )


def _resolved(text: str, sections: Mapping[str, Mapping[str, str]], here: str) -> str:
    """Substitutions from the inside out; those of an unknown name become nothing."""
    text = text.replace("\\{", "\0").replace("\\}", "\1")
    for _ in range(DEPTH):
        after = re.sub(r"\{([^{}\n]*)\}", lambda m: _substitute(m[1], sections, here), text)
        if after == text:
            break
        text = after
    return text.replace("\0", "{").replace("\1", "}")


def _substitute(what: str, sections: Mapping[str, Mapping[str, str]], here: str) -> str:
    reference = re.fullmatch(r"\[([^\]]+)\]([\w-]+)", what)
    if reference:
        return sections.get(reference[1], {}).get(reference[2], "").strip()
    if what.startswith("env:"):
        return what.removeprefix("env:").partition(":")[2]
    if what.startswith("posargs:"):
        return what.removeprefix("posargs:")
    if "," in what or re.fullmatch(r"\d+-\d+", what):  # a list of factors, not a substitution
        return f"\0{what}\1"
    return _PLACES[what] if what in _PLACES else sections.get(here, {}).get(what, "")


def _from_toml(config: Mapping[str, object], path: str) -> ToxEnvironment:
    listed = config.get("env_list")
    names = expanded("\n".join(map(str, listed))) if isinstance(listed, list) else []
    name = chosen(names)
    base, own = table(config, "env_run_base"), table(config, "env", name)

    def words(key: str) -> tuple[str, ...]:
        found = own.get(key, base.get(key, ()))
        return tuple(str(x) for x in found if isinstance(x, str)) if isinstance(found, list) else ()

    listed_commands = own.get("commands", base.get("commands", ()))
    commands = [
        shlex.join(w for part in command for w in _toml_words(part))
        for command in (listed_commands if isinstance(listed_commands, list) else ())
        if isinstance(command, list)
    ]
    variables = {**table(base, "set_env"), **table(own, "set_env")}
    folder = own.get("change_dir", base.get("change_dir", ""))
    return ToxEnvironment(
        name,
        path,
        deps=words("deps"),
        extras=words("extras"),
        groups=words("dependency_groups"),
        commands=tuple(commands),
        variables=tuple((k, _resolved(v, {}, "")) for k, v in variables.items() if isinstance(v, str)),
        folder=_folder(_resolved(str(folder), {}, "")),
    )


def _toml_words(part: object) -> list[str]:
    """One word, or the default of `{replace = "posargs"}`."""
    if isinstance(part, str):
        return [w for w in [_resolved(part, {}, "")] if w]
    default = part.get("default", []) if isinstance(part, dict) else []
    return [str(w) for w in default] if isinstance(default, list) else []


def _folder(text: str) -> str:
    """A folder of the checkout; anything else (tox's own work folders) is the checkout itself."""
    plain = text.strip().removeprefix("./").strip("/")
    return "" if plain in ("", ".") or plain.startswith((".tox", "$", "..", SITE)) else plain
