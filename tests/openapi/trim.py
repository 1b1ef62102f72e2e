"""Trims GitHub's OpenAPI description to the operations Pennyfix and its stand-in use: structure only.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
    python tests/openapi/trim.py package/generated/api.github.com.json > tests/openapi/github-trimmed.json

No descriptions, no examples, no prose: names, types and which of them are required.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

R = "/repos/{owner}/{repo}"
OPERATIONS: dict[str, tuple[str, ...]] = {
    "/app": ("get",),
    "/app/hook/config": ("get",),
    "/app/hook/deliveries": ("get",),
    "/app/hook/deliveries/{delivery_id}": ("get",),
    "/app/hook/deliveries/{delivery_id}/attempts": ("post",),
    "/app/installations": ("get",),
    "/app/installations/{installation_id}": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
    "/app-manifests/{code}/conversions": ("post",),
    "/installation/repositories": ("get",),
    "/installation/token": ("delete",),
    "/rate_limit": ("get",),
    "/user": ("get",),
    "/user/installations": ("get",),
    "/user/installations/{installation_id}/repositories": ("get",),
    "/users/{username}": ("get",),
    R: ("get",),
    f"{R}/installation": ("get",),
    f"{R}/contents/{{path}}": ("get",),
    f"{R}/collaborators/{{username}}/permission": ("get",),
    f"{R}/labels": ("get", "post"),
    f"{R}/labels/{{name}}": ("get",),
    f"{R}/issues": ("get", "post"),
    f"{R}/issues/{{issue_number}}": ("get", "patch"),
    f"{R}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{R}/issues/{{issue_number}}/labels": ("get", "post"),
    f"{R}/issues/{{issue_number}}/labels/{{name}}": ("delete",),
    f"{R}/issues/{{issue_number}}/reactions": ("post",),
    f"{R}/issues/comments/{{comment_id}}": ("get", "patch"),
    f"{R}/issues/comments/{{comment_id}}/reactions": ("post",),
    f"{R}/git/ref/{{ref}}": ("get",),
    f"{R}/git/refs": ("post",),
    f"{R}/git/refs/{{ref}}": ("patch", "delete"),
    f"{R}/git/matching-refs/{{ref}}": ("get",),
    f"{R}/rules/branches/{{branch}}": ("get",),
    f"{R}/rulesets/{{ruleset_id}}": ("get",),
    f"{R}/git/blobs": ("post",),
    f"{R}/git/blobs/{{file_sha}}": ("get",),
    f"{R}/git/trees": ("post",),
    f"{R}/git/trees/{{tree_sha}}": ("get",),
    f"{R}/git/commits": ("post",),
    f"{R}/git/commits/{{commit_sha}}": ("get",),
    f"{R}/pulls": ("get", "post"),
    f"{R}/pulls/{{pull_number}}": ("get", "patch"),
    f"{R}/pulls/{{pull_number}}/files": ("get",),
    f"{R}/pulls/{{pull_number}}/reviews": ("get",),
    f"{R}/pulls/{{pull_number}}/reviews/{{review_id}}": ("get",),
    f"{R}/pulls/{{pull_number}}/reviews/{{review_id}}/comments": ("get",),
    f"{R}/pulls/{{pull_number}}/comments": ("get",),
    f"{R}/pulls/{{pull_number}}/comments/{{comment_id}}/replies": ("post",),
    f"{R}/check-runs": ("post",),
    f"{R}/check-runs/{{check_run_id}}": ("get", "patch"),
    f"{R}/commits/{{ref}}/check-runs": ("get",),
    f"{R}/commits/{{ref}}/status": ("get",),
}
# The description demands that an account be a user *and* an enterprise at once here; elsewhere it says either.
CORRECTED = {"apps/list-installations": {"type": "array", "items": {"$ref": "#/components/schemas/installation"}}}
KEEP = {"type", "required", "enum", "nullable", "minItems", "maxItems", "minProperties", "minimum", "maximum"}
KEEP |= {"maxLength", "minLength", "pattern", "$ref"}
NESTED = {"items", "additionalProperties", "not"}
LISTS = {"anyOf", "oneOf", "allOf"}


def schema(node: Any) -> Any:
    """One schema without its prose."""
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {k: v for k, v in node.items() if k in KEEP}
    if node.get("format") == "date-time":
        out["format"] = "date-time"
    out |= {k: schema(v) for k, v in node.items() if k in NESTED}
    out |= {k: [schema(v) for v in node[k]] for k in LISTS if k in node}
    if "properties" in node:
        out["properties"] = {name: schema(value) for name, value in node["properties"].items()}
    return out


def content(node: dict[str, Any]) -> Any:
    """The JSON schema of a request body or response; None where it has none."""
    media = node.get("content", {})
    chosen = media.get("application/json") or media.get("application/scim+json")
    return schema(chosen["schema"]) if chosen else None


def operation(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """Parameters, body and responses of one operation."""

    def seen(part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            kind, name = part["$ref"].split("/")[-2:]
            part = whole["components"][kind][name]
        return part

    out: dict[str, Any] = {"operationId": node["operationId"], "parameters": [], "responses": {}}
    for parameter in map(seen, node.get("parameters", [])):
        chosen = {"name": parameter["name"], "in": parameter["in"], "schema": schema(parameter["schema"])}
        out["parameters"].append(chosen | ({"required": True} if parameter.get("required") else {}))
    if "requestBody" in node:
        body = seen(node["requestBody"])
        out["body"] = {"required": body.get("required", False), "schema": content(body)}
    for status, response in node["responses"].items():
        corrected = CORRECTED.get(node["operationId"]) if status == "200" else None
        out["responses"][status] = corrected or content(seen(response))
    return out


def references(node: Any) -> set[str]:
    """Names of the schemas that `node` refers to."""
    if isinstance(node, dict):
        own = {node["$ref"].split("/")[-1]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(v) for v in node.values()))
    if isinstance(node, list):
        return set().union(*(references(v) for v in node))
    return set()


def trim(whole: dict[str, Any]) -> dict[str, Any]:
    """The trimmed description: `paths` and the `schemas` they reach. Raises KeyError for an operation that is gone."""
    paths = {
        path: {method: operation(whole["paths"][path][method], whole) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    schemas: dict[str, Any] = {}
    wanted = references(paths)
    while wanted:
        name = wanted.pop()
        schemas[name] = schema(whole["components"]["schemas"][name])
        wanted |= references(schemas[name]) - set(schemas)
    return {"paths": paths, "components": {"schemas": dict(sorted(schemas.items()))}}


def dump(value: Any) -> str:
    """Compact JSON in a stable order."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def lines(trimmed: dict[str, Any]) -> str:
    """JSON with one line per path and per schema, so that a newer description reads as a diff."""
    paths = ",\n".join(f"{dump(k)}:{dump(v)}" for k, v in trimmed["paths"].items())
    schemas = ",\n".join(f"{dump(k)}:{dump(v)}" for k, v in trimmed["components"]["schemas"].items())
    return f'{{"paths":{{\n{paths}\n}},"components":{{"schemas":{{\n{schemas}\n}}}}}}\n'


if __name__ == "__main__":
    sys.stdout.write(lines(trim(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
