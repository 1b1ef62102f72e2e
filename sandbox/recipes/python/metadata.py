"""What a Python project says of itself: extras, groups, requirements, and where its version comes from. Text only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sandbox.checkout_git import MADE_UP_VERSION
from sandbox.recipes.python.suite import ini, table, toml
from sandbox.repository.workspace import Workspace

_FROM_GIT = re.compile(
    r"setuptools[-_]scm|hatch-vcs|vcs[-_]versioning|versioningit|\bpbr\b|dynamic-versioning|pdm.*scm|setuptools[-_]git[-_]versioning"
)


def pretended(workspace: Workspace) -> str:
    """Exports of a version, for projects that take it from git: a sandbox has no history.

    With and without the project's name: hatch-vcs and others ask where no name is known. The version is that of a
    tracked PKG-INFO, else that of the sandbox's made-up tag. https://setuptools-scm.readthedocs.io/en/latest/overrides/
    """
    text = "".join(workspace.read_text(p) or "" for p in ("pyproject.toml", "setup.py", "setup.cfg"))
    if not _FROM_GIT.search(text):
        return ""
    told = re.search(r"^Version: ([\w.+!-]+)$", workspace.read_text("PKG-INFO") or "", re.MULTILINE)
    version = told[1] if told else MADE_UP_VERSION
    name = str(table(toml(workspace, "pyproject.toml"), "project").get("name", ""))
    names = ["SETUPTOOLS_SCM_PRETEND_VERSION", "VCS_VERSIONING_PRETEND_VERSION"]
    if name:
        suffix = re.sub(r"[^A-Z0-9]+", "_", name.upper())
        names.append(f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{suffix}")
    names += [
        "PBR_VERSION",
        "PDM_BUILD_SCM_VERSION",
        "POETRY_DYNAMIC_VERSIONING_BYPASS",
        "UV_DYNAMIC_VERSIONING_BYPASS",
    ]
    return f"export {' '.join(f'{n}={version}' for n in names)}; "


def extras_of(workspace: Workspace, project: Mapping[str, object]) -> tuple[str, ...]:
    """The names of the project's extras."""
    known = {*table(project, "project", "optional-dependencies"), *table(project, "tool", "poetry", "extras")}
    parser = ini(workspace.read_text("setup.cfg") or "")
    if parser.has_section("options.extras_require"):
        known |= set(parser["options.extras_require"])
    script = workspace.read_text("setup.py") or ""
    if "extras_require" in script:
        known |= set(re.findall(r"[\"']([\w-]+)[\"']\s*:\s*[\[(\w]", script[script.index("extras_require") :]))
        known |= set(re.findall(r"extras(?:_require)?\[[\"']([\w-]+)[\"']\]", script))
    return tuple(sorted(known))


def groups_of(project: Mapping[str, object]) -> tuple[str, ...]:
    """The names of its dependency groups (PEP 735, poetry, pdm)."""
    known = {*table(project, "dependency-groups"), *table(project, "tool", "poetry", "group")}
    known |= {*table(project, "tool", "pdm", "dev-dependencies")}
    known |= {"dev"} if table(project, "tool", "poetry", "dev-dependencies") else set()
    known |= {"dev"} if isinstance(table(project, "tool", "uv").get("dev-dependencies"), list) else set()
    return tuple(sorted(known))


def group_specs(project: Mapping[str, object], groups: Iterable[str]) -> list[str]:
    """The requirements in dependency groups, included groups too (PEP 735)."""
    tables = {**table(project, "tool", "pdm", "dev-dependencies"), **table(project, "dependency-groups")}
    tables.setdefault("dev", table(project, "tool", "uv").get("dev-dependencies"))
    out: dict[str, None] = {}
    waiting, seen = list(groups), set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        listed = tables.get(name)
        for item in listed if isinstance(listed, list) else []:
            if isinstance(item, str) and not item.startswith("-"):
                out[item] = None
            elif isinstance(item, dict) and isinstance(item.get("include-group"), str):
                waiting.append(item["include-group"])
    return list(out)


def poetry_specs(project: Mapping[str, object], groups: Iterable[str]) -> list[str]:
    """The requirements of poetry's groups, its carets and tildes as PEP 440 has them."""
    out = []
    for group in groups:
        found = dict(table(project, "tool", "poetry", "group", group, "dependencies"))
        if group == "dev":
            found |= table(project, "tool", "poetry", "dev-dependencies")
        out += [spec for name, wanted in found.items() if name != "python" and (spec := poetry_spec(name, wanted))]
    return out


def poetry_spec(name: str, wanted: object) -> str:
    """One requirement; "" for what comes from a path or URL. https://python-poetry.org/docs/dependency-specification/"""
    extras = ""
    if isinstance(wanted, list):
        wanted = wanted[0] if wanted else "*"
    if isinstance(wanted, dict):
        extras = f"[{','.join(map(str, wanted['extras']))}]" if isinstance(wanted.get("extras"), list) else ""
        wanted = wanted.get("version")
    if not isinstance(wanted, str):
        return ""
    parts = [_pep440(p.strip()) for p in wanted.split(",")]
    return name + extras + ",".join(filter(None, parts))


def _pep440(bound: str) -> str:
    if bound in ("", "*"):
        return ""
    found = re.fullmatch(r"([\^~])\s*(\d+(?:\.\d+)*)\S*", bound)
    if found is None:
        return f"=={bound}" if bound[0].isdigit() else bound.replace(" ", "")
    numbers = [int(n) for n in found[2].split(".")]
    place = (
        next((i for i, n in enumerate(numbers) if n), len(numbers) - 1) if found[1] == "^" else min(1, len(numbers) - 1)
    )
    above = [*numbers[:place], numbers[place] + 1]
    return f">={found[2]},<{'.'.join(map(str, above))}"


def requirements_of(workspace: Workspace, project: Mapping[str, object]) -> list[str]:
    """What the project needs to run, for when it cannot be installed itself."""
    out: list[str] = []
    listed = table(project, "project").get("dependencies")
    out += [str(d) for d in listed] if isinstance(listed, list) else []
    out += [
        s
        for n, w in table(project, "tool", "poetry", "dependencies").items()
        if n != "python" and (s := poetry_spec(n, w))
    ]
    text = ini(workspace.read_text("setup.cfg") or "").get("options", "install_requires", fallback="")
    out += [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    found = re.search(r"install_requires\s*=\s*\[([^\]]*)\]", workspace.read_text("setup.py") or "")
    out += re.findall(r"[\"']([^\"']+)[\"']", found[1]) if found else []
    return out
