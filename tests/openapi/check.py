"""Compares a request or a response with GitHub's own (trimmed) OpenAPI description."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from referencing import Registry
from referencing.jsonschema import DRAFT4

TRIMMED = Path(__file__).parent / "github-trimmed.json"
LONG = ("path", "ref")
HOME = "urn:github"  # where references lead, so that a part of the description can be compared alone


class Departure(AssertionError):
    """Something that GitHub's description does not allow."""


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    """GitHub's description means null to be allowed beside an enum's values and a reference, and GitHub sends it."""
    if node.get("nullable") is True and isinstance(node.get("enum"), list):
        node["enum"] = [*node["enum"], None]
    return node


@cache
def description() -> dict[str, Any]:
    """The trimmed description."""
    text = TRIMMED.read_text(encoding="utf-8").replace('"#/components/', f'"{HOME}#/components/')
    found: dict[str, Any] = json.loads(text, object_hook=_nullable)
    return found


@cache
def _registry() -> Registry[Any]:
    whole = {"components": description()["components"]}
    own: Any = Registry()
    found: Registry[Any] = own.with_resource(HOME, DRAFT4.create_resource(whole))
    return found


@cache
def _table() -> list[tuple[str, re.Pattern[str]]]:
    table = []
    for template in sorted(description()["paths"], key=lambda t: t.count("{")):
        pattern = re.sub(r"\\\{(\w+)\\\}", lambda m: ".*" if m[1] in LONG else "[^/]+", re.escape(template))
        table.append((template, re.compile(pattern)))
    return table


def operation(method: str, path: str) -> dict[str, Any]:
    """The operation at a path, concrete or template, below the API's root. Raises Departure when GitHub has none."""
    plain = urlsplit(path).path
    paths = description()["paths"]
    found = [plain] if plain in paths else [t for t, pattern in _table() if pattern.fullmatch(plain)]
    for template in found:
        if method.lower() in paths[template]:
            own: dict[str, Any] = paths[template][method.lower()]
            return own
    raise Departure(f"{method} {plain} is not among the operations of the trimmed description")


def _compare(kind: type, schema: Any, value: Any, where: str) -> None:
    validator = kind(schema, registry=_registry(), format_checker=OAS30ReadValidator.FORMAT_CHECKER)
    errors = sorted(validator.iter_errors(value), key=lambda e: len(e.absolute_path))
    if errors:
        lines = [f"{'/'.join(map(str, e.absolute_path)) or '(whole)'}: {e.message[:300]}" for e in errors[:5]]
        raise Departure(f"{where}: " + "; ".join(lines))


def check_request(method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> None:
    """Raises Departure when GitHub's description has no such operation, query parameter or body."""
    own, where = operation(method, path), f"request {method} {path}"
    known = {p["name"]: p for p in own["parameters"] if p["in"] == "query"}
    given = query if query is not None else dict(parse_qsl(urlsplit(path).query))
    if unknown := set(given) - set(known):
        raise Departure(f"{where}: unknown query parameters {sorted(unknown)}")
    for name, text in given.items():
        schema = known[name]["schema"]
        kind = schema.get("type")
        value: Any = int(text) if kind == "integer" and text.isdecimal() else text
        if kind == "boolean":
            value = {"true": True, "false": False}.get(text, text)
        _compare(OAS30WriteValidator, schema, value, f"{where}, {name}")
    expected = own.get("body")
    if expected is None:
        if body not in (None, {}):
            raise Departure(f"{where}: takes no body")
        return
    if body is None:
        if expected["required"] and expected["schema"].get("required"):
            raise Departure(f"{where}: a body is required")
        return
    schema = expected["schema"]
    _compare(OAS30WriteValidator, schema, body, where)
    properties = schema.get("properties", {})
    if properties and not schema.get("additionalProperties") and (extra := set(body) - set(properties)):
        raise Departure(f"{where}: unknown fields {sorted(extra)}")


def check_response(method: str, path: str, status: int, body: Any = None) -> None:
    """Raises Departure when GitHub would not answer so. 401 and 404 may come from everywhere."""
    own, where = operation(method, path), f"response {status} to {method} {path}"
    responses = own["responses"]
    if str(status) not in responses:
        if status in (400, 401, 403, 404) and isinstance(body, dict) and "message" in body:
            return
        raise Departure(f"{where}: GitHub answers only {sorted(responses)}")
    schema = responses[str(status)]
    if schema is None:
        if body not in (None, {}, ""):
            raise Departure(f"{where}: has no body")
        return
    _compare(OAS30ReadValidator, schema, body, where)
