"""Reports as runners really write them: ids that change, control characters, bad bytes, trouble of ours, hangs."""

from __future__ import annotations

from tests.verdicts.case import Case, failed, right, wrong
from tests.verdicts.repositories import JEST, MOCHA, NODE, PY, PYTEST, VITEST

UNSTABLE = PYTEST.having(
    {
        "tests/test_ids.py": "import pytest\n\n\nclass Thing:\n    pass\n\n\n@pytest.mark.parametrize('thing', [Thing(), Thing()], ids=lambda o: repr(o))\ndef test_thing(thing):\n    assert thing is None\n"
    }
)
UNSTABLE_PASSING = PYTEST.having(
    {
        "tests/test_ids.py": "import pytest\nfrom till import label\n\n\n@pytest.mark.parametrize('thing', [object(), object()], ids=repr)\ndef test_thing(thing):\n    assert label(2) == '2 items'\n"
    }
)
TIMES = PYTEST.having(
    {
        "tests/test_ids.py": "import time\n\nimport pytest\n\n\n@pytest.mark.parametrize('at', [time.time()])\ndef test_now(at):\n    assert at == 0\n"
    }
)
RANDOM = PYTEST.having(
    {
        "tests/test_ids.py": "import uuid\n\nimport pytest\n\n\n@pytest.mark.parametrize('key', [str(uuid.uuid4())])\ndef test_key(key):\n    assert key\n"
    }
)
NODE_COLOURS = NODE.having(
    {
        "test/old.test.js": "import test from 'node:test'\n\ntest('\\u001b[31mred\\u001b[0m and a bell \\u0007', () => { throw new Error('\\u001b[31mred\\u0007\\u0000') })\n"
    }
)
MOCHA_COLOURS = MOCHA.having({"test/old.test.js": "it('is old', () => { throw new Error('\\u001b[31mred\\u0007') })\n"})
JEST_COLOURS = JEST.having(
    {"test/old.test.js": "test('\\u001b[1mold', () => { throw new Error('\\u001b[31mred\\u0007 ]]> <?xml') })\n"}
)
LATIN = PYTEST.having(
    {
        "tests/test_latin.py": "import os\n\n\ndef test_latin(capfd):\n    with capfd.disabled():\n        os.write(1, b'caf\\xe9 <?xml ]]>')\n    assert False, 'caf\\udce9 \\x1b[31m \\x07'\n"
    }
)
PRINTS_XML = VITEST.having(
    {
        "test/old.test.js": "import { expect, test } from 'vitest'\n\ntest('old', () => expect('<?xml version=\"1.0\"?> ]]> \\u001b[31m').toBe(''))\n"
    }
)
DIES = {
    "till.py": PY.replace(
        "    return sum(prices[1:])\n",
        "    if not prices:\n        import os\n\n        os.kill(os.getpid(), 11)\n    return sum(prices)\n",
    )
}
RECURSES = {
    "till.py": PY.replace("    return sum(prices[1:])\n", "    return total(prices) if not prices else sum(prices)\n")
}

CASES: tuple[Case, ...] = (
    right("failing parameters with addresses in their ids", UNSTABLE),
    right("passing parameters with addresses in their ids", UNSTABLE_PASSING),
    right("the time in an id", TIMES, accept="regression"),
    right("a random key in an id", RANDOM, accept="regression"),
    wrong(
        "passing parameters with addresses in their ids break",
        UNSTABLE_PASSING,
        PYTEST.edited("till.py", (" items", " things")),
        failed("test_ids.py::test_thing"),
        accept="regression",
    ),
    right("colours and a bell in a failing test", NODE_COLOURS),
    right("colours and a bell in a failing test", MOCHA_COLOURS, accept="regression"),
    right("colours, a bell and marked-up text in a failing test", JEST_COLOURS, accept="regression"),
    right("a Latin-1 byte in the output of a failing test", LATIN),
    right("a document in the message of a failing test", PRINTS_XML, accept="regression"),
    wrong("it crashes the runner", PYTEST, DIES, failed("killed by a signal"), accept="regression"),
    wrong("it recurses for ever", PYTEST, RECURSES, failed("test_total_of_none"), accept="regression"),
)
