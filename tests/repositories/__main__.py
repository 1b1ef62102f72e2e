"""`python -m tests.repositories [--from DIR] [--only NAME]`: real repositories, set up without configuration.

It can be interrupted: what was measured by the same product, image and facts is not measured again (`--again` does).
Exit code 0 also where baselines are not complete: that is a figure, not an error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from sandbox.backends import BackendOptions, choose
from sandbox.repository.workspace import Workspace
from tests.repositories.checkout import workspace_of_archive, workspace_of_folder
from tests.repositories.fact import Fact, fact_of, facts
from tests.repositories.measure import Measured, measured, with_cause
from tests.repositories.registries import NotFetched, archive
from tests.repositories.table import document, lines

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "repositories.md"
DECIDES = ("sandbox", "strategies/verification")
"""The folders whose code decides what a baseline is."""


def product_digest() -> str:
    """16 hexadecimal digits over the code that decides a result."""
    digest = hashlib.sha256()
    for folder in DECIDES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def slug(text: str) -> str:
    """A folder name for it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def image_id(name: str) -> str:
    """The id of the local image, so that another image of the same name is measured anew; "" without an engine."""
    if shutil.which("docker") is None:
        return ""
    argv = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def folder_facts(folder: Path) -> Iterator[tuple[Fact, Path]]:
    """Every folder in `folder`, with its facts from `facts.toml` there, or with none: then our baseline speaks alone."""
    told = folder / "facts.toml"
    known = tomllib.loads(told.read_text(encoding="utf-8")).get("repository", []) if told.is_file() else []
    by_name = {str(given.get("name")): given for given in known}
    for place in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        blank = {"name": place.name, "language": "unknown", "version": "0", "sha256": "", "date": "", "test": ""}
        yield fact_of({**blank, **by_name.get(place.name, {}), "registry": "folder"}, str(told)), place


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.repositories", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--from", dest="folder", type=Path, help="a folder of checkouts, instead of the registries")
    parser.add_argument("--only", help="these repositories, separated by commas")
    parser.add_argument("--language", help="those of one language")
    parser.add_argument("--kept-back", choices=("no", "yes", "only"), default="yes", help="those that nobody tuned on")
    parser.add_argument("--again", action="store_true", help="measure anew what is known already")
    parser.add_argument("--sandbox", choices=("auto", "docker", "bubblewrap", "process"), default="auto")
    parser.add_argument("--image", default="pennyfix/sandbox", help="the image, with docker")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pennyfix" / "repositories"
    parser.add_argument("--home", type=Path, default=cache, help="where archives, environments and results are kept")
    given = parser.parse_args(argv)
    backend = choose(given.sandbox, BackendOptions(given.home, image=given.image))
    if given.folder:
        named: list[tuple[Fact, Path | None]] = [(f, p) for f, p in folder_facts(given.folder)]
    else:
        named = [(f, None) for f in facts()]
    only = set(given.only.split(",")) if given.only else None
    chosen = [
        (f, p)
        for f, p in named
        if (only is None or f.name in only)
        and given.language in (None, f.language)
        and (given.kept_back == "yes" or f.check == (given.kept_back == "only"))
    ]
    if not chosen:
        parser.error("no such repository is named")
    base = f"{backend.name} {image_id(given.image) if backend.name == 'docker' else sys.version}"
    product = f"{product_digest()} {base}"
    found = []
    for number, (fact, place) in enumerate(chosen, 1):
        say(f"[{number}/{len(chosen)}] {fact.name} {fact.version}")

        def opened(fact: Fact = fact, place: Path | None = place) -> Workspace:
            if place is not None:
                return workspace_of_folder(place, given.home)
            return workspace_of_archive(fact, archive(fact, given.home, backend), given.home)

        def fresh(fact: Fact = fact, opened: Callable[[], Workspace] = opened) -> Measured:
            try:
                with opened() as workspace:
                    return measured(
                        fact, workspace, backend, given.home / "own" / slug(base), lambda text: say(f"    {text}")
                    )
            except NotFetched as error:
                return with_cause(
                    Measured(fact.name, fact.language, fact.kind, fact.check), "it cannot be had", str(error)
                )

        result = known(given.home, fact, product, fresh, again=given.again or bool(place))
        say(f"    {result.cause or 'complete'}: own {result.own}, common {result.common}, failed {result.failed}")
        if result.told:
            say("    " + result.told.replace("\n", "\n    "))
        found.append(result)
    if not given.folder and only is None and given.language is None and given.kept_back == "yes":
        DOCUMENT.write_text(document(found, backend.name), encoding="utf-8")
    print("\n".join(lines(found)))
    return 0


def known(home: Path, fact: Fact, product: str, fresh: Callable[[], Measured], *, again: bool) -> Measured:
    """The kept result of the same product, image and facts; else a fresh one, kept unless the trouble was ours."""
    name = hashlib.sha256(f"{fact.digest} {product}".encode()).hexdigest()[:16]
    path = home / "results" / f"{fact.key}-{name}.json"
    if path.is_file() and not again:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Measured(**{**stored, "missing": tuple(stored["missing"]), "kind": fact.kind, "check": fact.check})
    result = fresh()
    if result.cause not in ("the sandbox broke", "it cannot be had"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(result)), encoding="utf-8")
    return result


if __name__ == "__main__":
    sys.exit(main())
