"""The lines of `python -m unittest -v` and of Django's runner, for repositories whose own command is one of them.

https://docs.python.org/3/library/unittest.html#command-line-options; Python 3.11 and later name the test in brackets,
earlier ones only its class.
"""

from __future__ import annotations

import re

_TEST = re.compile(r"^(?P<name>\w+) \((?P<place>[\w.]+)\)(?: \.\.\. (?P<end>.*))?$")
_END = re.compile(r"^(?P<doc>.*) \.\.\. (?P<end>ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$")


def passed_by_unittest(output: str) -> frozenset[str]:
    """`module.Class.test` of every test that ended "ok". A docstring may stand between a test's name and its end."""
    passed: set[str] = set()
    waiting = ""
    for line in output.splitlines():
        found = _TEST.match(line)
        if found:
            name, place = found["name"], found["place"]
            waiting = place if place.endswith(f".{name}") else f"{place}.{name}"
            if found["end"] is None:
                continue
            if found["end"].rstrip() == "ok" and waiting:
                passed.add(waiting)
            if re.match(r"(ok|FAIL|ERROR|skipped|expected|unexpected)", found["end"]):
                waiting = ""
        elif waiting and (end := _END.match(line)):
            if end["end"] == "ok":
                passed.add(waiting)
            waiting = ""
        elif waiting and line.strip() in ("ok", "FAIL", "ERROR"):  # after what the test itself printed
            if line.strip() == "ok":
                passed.add(waiting)
            waiting = ""
        elif waiting and line.endswith("ok") and "..." not in line:
            passed.add(waiting)
            waiting = ""
    return frozenset(passed)
