"""Tests that want a machine around them: git, a home, a locale, a terminal, localhost, room in /tmp, modes of files."""

from __future__ import annotations

from tests.verdicts.case import Case, right
from tests.verdicts.repositories import GO, NODE, PYTEST, UNITTEST


def needing(what: str, test: str) -> Case:
    """A right patch in a repository whose `test` passes on a developer's machine, and so must pass here."""
    held = f"{test}\n\n\ndef test_label_again():\n    from till import label\n\n    assert label(3) == '3 items'\n"
    gate = "import till\n\n"
    return right(
        f"a test that needs {what}",
        PYTEST.having({"tests/test_needs.py": gate + held, "tests/test_all.py": ALL}),
        accept="regression",
    )


ALL = "import subprocess\nimport sys\n\n\ndef test_needs_pass():\n    assert subprocess.run([sys.executable, '-m', 'pytest', '-q', 'tests/test_needs.py']).returncode == 0\n"

CASES: tuple[Case, ...] = (
    needing(
        "git",
        "import subprocess\n\n\ndef test_git():\n    assert 'till.py' in subprocess.run(['git', 'ls-files'], capture_output=True, text=True, check=True).stdout.split()",
    ),
    needing(
        "a clean tree",
        "import subprocess\n\n\ndef test_clean():\n    assert subprocess.run(['git', 'log', '-1', '--format=%H'], capture_output=True, check=True).stdout.strip()",
    ),
    needing(
        "a home",
        "from pathlib import Path\n\n\ndef test_home():\n    place = Path.home() / '.config' / 'till'\n    place.mkdir(parents=True, exist_ok=True)\n    (place / 'x').write_text('x')",
    ),
    needing(
        "a locale",
        "import locale\n\n\ndef test_locale():\n    locale.setlocale(locale.LC_ALL, '')\n    assert locale.getpreferredencoding().upper().replace('-', '') == 'UTF8'",
    ),
    needing(
        "a terminal",
        "import os\nimport pty\n\n\ndef test_terminal():\n    one, two = pty.openpty()\n    assert os.isatty(two)\n    os.close(one)\n    os.close(two)",
    ),
    needing(
        "localhost",
        "import socket\n\n\ndef test_localhost():\n    with socket.create_server(('localhost', 0)) as server:\n        socket.create_connection(('localhost', server.getsockname()[1]), 5).close()",
    ),
    needing(
        "room in /tmp",
        "import tempfile\n\n\ndef test_room():\n    with tempfile.TemporaryFile() as file:\n        file.truncate(1 << 30)\n        file.write(b'x' * (1 << 20))",
    ),
    right(
        "a test that calls git",
        UNITTEST.having(
            {
                "tests/test_git.py": "import subprocess\nimport unittest\n\n\nclass Git(unittest.TestCase):\n    def test_git(self):\n        self.assertIn('till.py', subprocess.check_output(['git', 'ls-files'], text=True))\n"
            }
        ),
        accept="regression",
    ),
    right(
        "a test that calls git",
        NODE.having(
            {
                "test/git.test.js": "import assert from 'node:assert'\nimport { execSync } from 'node:child_process'\nimport test from 'node:test'\n\ntest('git', () => assert.match(String(execSync('git ls-files')), /till.js/))\n"
            }
        ),
        accept="regression",
    ),
    right(
        "a test that listens on localhost",
        GO.having(
            {
                "net_test.go": 'package till\n\nimport (\n\t"net"\n\t"testing"\n)\n\nfunc TestListen(t *testing.T) {\n\tl, err := net.Listen("tcp", "localhost:0")\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n\tl.Close()\n}\n'
            }
        ),
        accept="regression",
    ),
)
