"""Reads YAML that a stranger wrote into plain values, with the line of each: bounded, without anchors or tags.

Numbers with a point become Decimal. Refused in words: anchors and aliases (they multiply), tags (they
construct), a second document, duplicate keys, keys that are not text, deep nesting.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import yaml

Lines = dict[tuple[str | int, ...], int]
DEEPEST = 8
WHOLE = re.compile(r"[-+]?\d{1,18}")
POINT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d{1,3})?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
NULL = ("", "~", "null", "Null", "NULL")


class YamlProblem(Exception):
    """The text cannot be read: `problems` are (line, what, fix)."""

    def __init__(self, *problems: tuple[int, str, str]) -> None:
        self.problems = problems
        super().__init__(problems[0][1])


def read_yaml(text: str) -> tuple[Any, Lines]:
    """The values (an empty text is {}) and the line of each path, counted from 1. Raises YamlProblem."""
    try:
        _refuse(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise YamlProblem((mark.line + 1 if mark else 1, f"is not YAML: {said}", "correct this line")) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlProblem((line, "contains a character that YAML does not allow", "remove it")) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlProblem((1, f"is not YAML: {error}", "correct the file")) from None
    if node is None:
        return {}, {(): 1}
    lines: Lines = {}
    problems: list[tuple[int, str, str]] = []
    value = _plain(node, (), lines, problems)
    if problems:
        raise YamlProblem(*problems)
    return ({} if value is None else value), lines


def _refuse(text: str) -> None:
    """Look at the flat stream of events before anything is built from it."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlProblem((line, "uses an anchor or alias (& or *)", "write the value out, or put it in quotes"))
        if getattr(event, "tag", None):
            raise YamlProblem((line, "uses a tag (!)", "remove the tag, or put the value in quotes"))
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise YamlProblem((line, "has a second document (---)", "keep one document"))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise YamlProblem((line, "is nested too deeply", "no setting needs more than three levels"))


def _plain(node: yaml.Node, path: tuple[str | int, ...], lines: Lines, problems: list[tuple[int, str, str]]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, i), lines, problems) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        out: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or not isinstance(key.value, str) or key.tag.endswith(":merge"):
                problems.append((line, "has a key that is not text", "write `key: value`"))
                continue
            if key.value in out:
                problems.append((line, f"has the key `{key.value}` twice", "keep one of them"))
                continue
            lines[(*path, key.value)] = line
            out[key.value] = _plain(value, (*path, key.value), lines, problems)
        return out
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    """YAML 1.2's core schema: `yes`, `on`, `0o7`, `12:30` and dates are text, unlike in PyYAML's 1.1."""
    text = str(node.value)
    if getattr(node, "style", None) in ("'", '"', "|", ">"):
        return text
    if text in NULL:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if WHOLE.fullmatch(text):
        return int(text)
    if POINT.fullmatch(text):
        return Decimal(text.lower().replace(".inf", "Infinity").replace(".nan", "NaN"))
    return text
