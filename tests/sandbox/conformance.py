"""The one suite that every sandbox backend passes: `tests/sandbox/<name>/test_backend.py` runs it for each.

A backend that cannot keep a promise says so in the class attributes, and the promise is then not asked of it;
there is no other way to skip one.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.backend import Backend, Sandbox, SandboxLimits
from sandbox.checkout_git import MADE_UP_VERSION
from sandbox.errors import PreparationFailed, SandboxUnavailable
from sandbox.options import BackendOptions
from sandbox.reaper import tidy
from sandbox.recipe import Environment, Recipe, ReportFormat
from sandbox.result import Ended
from tests.fakes.tree import FakeTree

LIMITS = SandboxLimits(
    cpus=1.0, memory_mb=256, pids=64, disk_mb=48, output_bytes=100_000, setup_seconds=120.0, lifetime_seconds=300.0
)
SETUP = (
    "python3 -m venv --without-pip $PENNYFIX_ENV",
    "echo 'name = \"installed\"' > $(echo $PENNYFIX_ENV/lib/python3*/site-packages)/dependency.py",
    "mkdir -p build/deep package.egg-info && echo product > build/deep/out && echo info > package.egg-info/PKG-INFO",
    "echo changed >> tracked.txt && echo kept > $HOME/.cache-of-setup && pwd > build/where",
)
TREE = FakeTree(
    {
        "tracked.txt": b"original\n",
        "gone/soon.py": b"old = True\n",
        "package/__init__.py": b"",
        "run.sh": b"#!/bin/sh\necho executable\n",
        "bytes.bin": bytes(range(256)),
        "a b/ü 'x'.txt": b"odd name\n",
    },
    links={"link": "tracked.txt", "outside": "/etc/passwd"},
    executable=frozenset({"run.sh"}),
)


ALLOWED_NAMES = frozenset(
    """CI HOME LANG LC_ALL PATH PENNYFIX_ENV PENNYFIX_RUN PYTHONDONTWRITEBYTECODE TMPDIR TZ USER UV_NO_PROGRESS
    UV_PROJECT_ENVIRONMENT VIRTUAL_ENV PWD OLDPWD SHLVL _ HOSTNAME""".split()  # noqa: SIM905 - one word a name reads best
)
PROBE = """
import socket, urllib.error, urllib.request
for target in {targets}:
    try:
        socket.create_connection(target, 3)
        print("connected", target)
    except OSError:
        print("refused")
for url in {urls}:
    try:
        print("answered", url, urllib.request.urlopen(url, timeout=10).status)
    except OSError as error:
        print("HTTP 403" if "403" in str(error) else error)
"""


MACHINE = """
import getpass, locale, os, pathlib, pwd, socket, threading
home = pathlib.Path.home()
(home / "kept").write_text("x")
assert str(home) == os.environ["HOME"], home
locale.setlocale(locale.LC_ALL, "")
assert locale.getpreferredencoding() == "UTF-8", locale.getpreferredencoding()
one, two = os.openpty()
assert os.isatty(two), "no terminal"
with socket.create_server(("localhost", 0)) as server:
    socket.create_connection(("localhost", server.getsockname()[1]), 5).close()
assert socket.gethostbyname(socket.gethostname()), "no name of its own"
assert getpass.getuser() and pwd.getpwuid(os.getuid()).pw_name, "no account"
"""
ROOM = """
import os, tempfile
with tempfile.TemporaryFile() as file:
    file.truncate(1 << 30)
there = os.statvfs(tempfile.gettempdir())
assert there.f_bavail * there.f_frsize >= 1 << 30, there
"""


def recipe(*setup: str, inputs: tuple[str, ...] = ()) -> Recipe:
    return Recipe("python", setup, "true", ReportFormat.EXIT_CODE, "the test", inputs=inputs)


def quiet(_line: str) -> None:
    """Nobody listens to progress here."""


@contextmanager
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server on every address of this machine; what reached it is in the list."""
    reached: list[bytes] = []
    with socket.create_server(("0.0.0.0", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                reached.append(b"connected")
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], reached


def own_address() -> str:
    """This machine's address on its first real interface (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


class Conformance:
    """Subclass it, name the backend and say what it cannot do."""

    name = ""
    isolates = True  # no network, another user than root, no capability
    bounds_memory = True
    bounds_processes = True

    @classmethod
    def make(cls, home: Path, limits: SandboxLimits = LIMITS) -> Backend:
        from sandbox.backends import BACKENDS

        return BACKENDS[cls.name](BackendOptions(home, limits=limits))

    @pytest.fixture(scope="class")
    @classmethod
    def home(cls) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, home: Path) -> Iterator[Backend]:
        backend = cls.make(home)
        yield backend
        tidy(backend, time.time(), keep_seconds=-60.0)

    @pytest.fixture(scope="class")
    @classmethod
    def environment(cls, backend: Backend) -> Environment:
        return backend.prepare("conformance", recipe(*SETUP), TREE, quiet)

    @pytest.fixture
    def sandbox(self, backend: Backend, environment: Environment) -> Iterator[Sandbox]:
        with backend.open(environment, TREE) as sandbox:
            yield sandbox

    # files

    def test_what_is_written_is_read_again(self, sandbox: Sandbox) -> None:
        files = {"new/deep/file.bin": bytes(range(256)) * 50, "tracked.txt": b"", "-dash": b"x", "a b/ü.txt": b"y"}
        sandbox.write(files)
        assert {path: sandbox.read(path) for path in files} == files

    def test_tracked_files_are_those_of_the_tree(self, sandbox: Sandbox) -> None:
        assert sandbox.read("tracked.txt") == b"original\n"
        assert sandbox.read("bytes.bin") == bytes(range(256))
        assert sandbox.read("a b/ü 'x'.txt") == b"odd name\n"
        assert sandbox.run(["./run.sh"], timeout=60).stdout == b"executable\n"
        assert sandbox.run(["readlink", "link"], timeout=60).stdout == b"tracked.txt\n"

    def test_writing_keeps_the_mode_of_a_file(self, sandbox: Sandbox) -> None:
        sandbox.write({"run.sh": b"#!/bin/sh\necho again\n"})
        assert sandbox.run(["./run.sh"], timeout=60).stdout == b"again\n"

    @pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b", "", ".", "nul\0"])
    def test_a_path_outside_is_refused(self, sandbox: Sandbox, path: str) -> None:
        with pytest.raises(ValueError, match=r"outside|no file"):
            sandbox.write({path: b"x"})
        with pytest.raises(ValueError, match=r"outside|no file"):
            sandbox.read(path)

    @pytest.mark.parametrize("path", ["outside", "link", "build", "absent"])
    def test_only_regular_files_are_read(self, sandbox: Sandbox, path: str) -> None:
        with pytest.raises((FileNotFoundError, ValueError)):
            sandbox.read(path)

    def test_a_link_on_the_way_does_not_lead_outside(self, sandbox: Sandbox) -> None:
        assert sandbox.run(["ln", "-s", "/etc", "etc"], timeout=60).ok
        with pytest.raises((FileNotFoundError, ValueError)):
            sandbox.read("etc/hostname")

    def test_a_file_larger_than_the_limit_is_refused(self, sandbox: Sandbox) -> None:
        sandbox.write({"big": b"x" * 1001})
        assert len(sandbox.read("big", limit=1001)) == 1001
        with pytest.raises(ValueError, match="larger than 1000"):
            sandbox.read("big", limit=1000)

    # commands

    @pytest.mark.parametrize("code", [0, 1, 3, 127, 130, 255])
    def test_the_exit_code_is_the_commands(self, sandbox: Sandbox, code: int) -> None:
        result = sandbox.run(["sh", "-c", f"echo out; echo err >&2; exit {code}"], timeout=60)
        assert (result.ended, result.exit_code) == (Ended.EXIT, code)
        assert (result.stdout, result.stderr) == (b"out\n", b"err\n")
        assert result.ok is (code == 0)

    def test_a_missing_program_is_an_exit_code_not_a_broken_sandbox(self, sandbox: Sandbox) -> None:
        assert sandbox.run(["no-such-program"], timeout=60).exit_code == 127

    def test_a_missing_folder_is_an_exit_code_not_a_broken_sandbox(self, sandbox: Sandbox) -> None:
        assert sandbox.run(["true"], timeout=60, cwd="absent").exit_code == 127

    def test_a_folder_outside_is_refused(self, sandbox: Sandbox) -> None:
        with pytest.raises(ValueError, match="outside"):
            sandbox.run(["true"], timeout=60, cwd="../..")

    def test_arguments_arrive_unchanged(self, sandbox: Sandbox) -> None:
        argv = ["printf", "%s|", "a b", "$HOME", "'", '"', "*", "ü", "-n", "a\nb"]
        assert sandbox.run(argv, timeout=60).stdout.decode() == "|".join(argv[2:]) + "|"

    def test_the_working_directory_is_the_checkout_or_below(self, sandbox: Sandbox) -> None:
        assert sandbox.run(["pwd"], timeout=60).stdout.decode().strip() == sandbox.root
        assert sandbox.run(["pwd"], timeout=60, cwd="package").stdout.decode().strip() == f"{sandbox.root}/package"

    def test_standard_input_arrives_and_ends(self, sandbox: Sandbox) -> None:
        sent = os.urandom(1_000_000)
        result = sandbox.run(["sha256sum"], timeout=30, stdin=sent)
        import hashlib

        assert result.stdout.decode().split()[0] == hashlib.sha256(sent).hexdigest()
        assert sandbox.run(["cat"], timeout=60).stdout == b""

    def test_unread_input_does_not_hang(self, sandbox: Sandbox) -> None:
        assert sandbox.run(["true"], timeout=60, stdin=b"x" * 3_000_000).ok

    def test_a_killed_command_is_not_an_exit(self, sandbox: Sandbox) -> None:
        result = sandbox.run(["sh", "-c", "kill -9 $$"], timeout=60)
        assert (result.ended, result.exit_code) == (Ended.KILLED, None)

    # bounds

    def test_the_deadline_ends_children_in_sessions_of_their_own(self, sandbox: Sandbox) -> None:
        busy = "while :; do date +%s%N >> alive; sleep 0.05; done"
        started = time.monotonic()
        for deadline in (1.0, 5.0, 25.0):  # a busy machine may need longer to get both loops going
            result = sandbox.run(["sh", "-c", f"echo begun; setsid sh -c '{busy}' & {busy}"], timeout=deadline)
            before = sandbox.run(["cat", "alive"], timeout=60).stdout
            if before and result.stdout:
                break
        assert result.ended is Ended.TIMEOUT
        assert result.exit_code is None
        assert result.stdout == b"begun\n"
        assert time.monotonic() - started < 60
        time.sleep(0.3)  # six rounds of a loop that must not be there
        assert sandbox.run(["cat", "alive"], timeout=60).stdout == before != b""

    def test_what_a_command_leaves_running_does_not_keep_us_or_live_on(self, sandbox: Sandbox) -> None:
        busy = "while :; do date +%s%N >> alive; sleep 0.05; done"
        done = sandbox.run(
            ["sh", "-c", f"setsid sh -c '{busy}' & until [ -s alive ]; do sleep 0.05; done; echo done"], timeout=60
        )
        assert (done.stdout, done.ended) == (
            b"done\n",
            Ended.EXIT,
        )  # what is left behind would keep it till the deadline
        before = sandbox.read("alive")
        time.sleep(0.3)  # six rounds of a loop that must not be there
        assert sandbox.read("alive") == before

    def test_a_command_that_closed_its_output_still_has_its_deadline(self, sandbox: Sandbox) -> None:
        result = sandbox.run(["sh", "-c", "exec >&- 2>&-; sleep 300"], timeout=1.0)
        assert result.ended is Ended.TIMEOUT
        assert result.seconds < 60

    @pytest.mark.parametrize("stream", ["1", "2"])
    def test_output_is_capped(self, sandbox: Sandbox, stream: str) -> None:
        result = sandbox.run(["sh", "-c", f"yes >&{stream}"], timeout=60)
        assert result.ended is Ended.OUTPUT_LIMIT
        assert max(len(result.stdout), len(result.stderr)) == LIMITS.output_bytes
        assert sandbox.run(["echo", "fine"], timeout=60).stdout == b"fine\n"

    def test_memory_is_bounded(self, sandbox: Sandbox) -> None:
        if not self.bounds_memory:
            return
        hog = "x = bytearray(2**20 * 400)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('got it')"
        result = sandbox.run(["python3", "-c", hog], timeout=60)
        assert not result.ok
        assert b"got it" not in result.stdout
        assert result.ended is Ended.OOM or b"MemoryError" in result.stderr
        assert sandbox.run(["echo", "fine"], timeout=60).stdout == b"fine\n"

    def test_a_fork_bomb_is_bounded(self, backend: Backend, environment: Environment) -> None:
        if not self.bounds_processes:
            return
        bomb = "import os, time\nn = 0\nwhile n < 500:\n    try:\n        pid = os.fork()\n    except OSError:\n        break\n    if pid == 0:\n        time.sleep(30)\n        os._exit(0)\n    n += 1\nprint(n, flush=True)\nos._exit(0)"
        with backend.open(environment, TREE) as sandbox:
            result = sandbox.run(["python3", "-c", bomb], timeout=60)
            assert int(result.stdout) <= LIMITS.pids
            started = time.monotonic()
            result = sandbox.run(["sh", "-c", "b() { b | b & }; b; sleep 300"], timeout=2)
            assert result.ended in {Ended.TIMEOUT, Ended.LOST, Ended.EXIT, Ended.KILLED}
            assert time.monotonic() - started < 120
            after = sandbox.run(["echo", "fine"], timeout=60)
            assert after.stdout == b"fine\n" or after.ended is Ended.LOST

    def test_a_full_disk_fails_the_command_and_not_us(self, sandbox: Sandbox) -> None:
        fill = "for i in 1 2 3 4 5 6 7 8; do head -c 20000000 /dev/zero > big$i || exit 9; done; sleep 300"
        result = sandbox.run(["sh", "-c", fill], timeout=60)
        assert not result.ok
        assert result.ended in {Ended.EXIT, Ended.KILLED, Ended.LOST}
        after = sandbox.run(["sh", "-c", "rm -f big*; echo fine"], timeout=60)
        assert after.stdout == b"fine\n" or after.ended is Ended.LOST

    # what must not be there

    def test_nothing_of_the_hosts_environment_is_inherited(
        self, backend: Backend, environment: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PENNYFIX_GITHUB_PRIVATE_KEY", "very-secret")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "very-secret")
        with backend.open(environment, TREE) as sandbox:
            seen = sandbox.run(["sh", "-c", "env; cat /proc/1/environ /proc/*/environ 2>/dev/null"], timeout=60)
            if self.isolates:
                assert b"very-secret" not in seen.stdout
            names = {line.partition(b"=")[0].decode() for line in sandbox.run(["env"], timeout=60).stdout.splitlines()}
        assert b"very-secret" not in sandbox_environment(seen.stdout)
        assert names <= ALLOWED_NAMES

    def test_variables_given_to_a_command_are_seen_by_it_alone(self, sandbox: Sandbox) -> None:
        assert sandbox.run(["sh", "-c", "echo $GIVEN"], timeout=60, env={"GIVEN": "a b"}).stdout == b"a b\n"
        assert sandbox.run(["sh", "-c", "echo $GIVEN"], timeout=60).stdout == b"\n"

    def test_there_is_no_network(self, sandbox: Sandbox) -> None:
        if not self.isolates:
            return
        with listener() as (port, reached):
            for host in ("1.1.1.1", "127.0.0.1", "169.254.169.254", "172.17.0.1", own_address()):
                probe = f"import socket; socket.create_connection(({host!r}, {port}), 2)"
                assert not sandbox.run(["python3", "-c", probe], timeout=60).ok, host
            assert not sandbox.run(
                ["python3", "-c", "import socket; socket.getaddrinfo('example.com', 443)"], timeout=60
            ).ok
        assert reached == []

    def test_it_is_not_root_and_has_no_capability(self, sandbox: Sandbox) -> None:
        if not self.isolates:
            return
        status = sandbox.run(["cat", "/proc/self/status"], timeout=60).stdout.decode()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        assert fields["Uid"].split() == ["1000"] * 4
        assert {fields[f"Cap{kind}"].strip() for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
        assert fields["NoNewPrivs"].strip() == "1"

    def test_the_system_and_the_environment_cannot_be_changed(self, sandbox: Sandbox) -> None:
        if not self.isolates:
            return
        for path in ("/usr/bin/evil", "/etc/evil", "/evil", "$PENNYFIX_ENV/evil", "/sys/fs/cgroup/evil"):
            assert not sandbox.run(["sh", "-c", f'echo x > "{path}"'], timeout=60).ok, path

    # a machine as developers have one

    def test_the_checkout_is_one_clean_commit_of_its_tree(self, backend: Backend, environment: Environment) -> None:
        later = FakeTree({"tracked.txt": b"later\n", "new/ü.txt": b"new\n"}, executable=frozenset({"tracked.txt"}))
        ask = "git log --format=%s && git describe --tags && git ls-files -z && git status --porcelain -uno && git diff HEAD"
        for tree in (TREE, later, TREE):
            with backend.open(environment, tree) as sandbox:
                seen = sandbox.run(["sh", "-c", ask], timeout=60).stdout.decode()
                assert sandbox.run(["git", "fsck", "--strict", "--full"], timeout=60).ok
            names = "".join(f"{f.path}\0" for f in tree.files())
            assert seen == f"The tree under test\nv{MADE_UP_VERSION}\n{names}"

    def test_git_shows_what_is_written_and_commits_it(self, sandbox: Sandbox) -> None:
        sandbox.write({"tracked.txt": b"other\n", "fresh.txt": b""})
        shown = sandbox.run(["git", "status", "--porcelain", "tracked.txt", "fresh.txt"], timeout=60).stdout
        assert shown == b" M tracked.txt\n?? fresh.txt\n"
        assert sandbox.run(["git", "commit", "-qam", "mine"], timeout=60).ok

    def test_the_setup_finds_the_commit(self, backend: Backend) -> None:
        lines = ("git describe --tags >described", "git config core.hooksPath .husky && test -d .git/hooks")
        environment = backend.prepare("with git", recipe(*lines), TREE, quiet)
        with backend.open(environment, FakeTree({"other": b"1"})) as sandbox:
            assert sandbox.read("described").decode() == f"v{MADE_UP_VERSION}\n"
            assert sandbox.run(["git", "config", "core.hooksPath"], timeout=60).stdout == b".husky\n"
            assert sandbox.run(["git", "ls-files"], timeout=60).stdout == b"other\n"

    def test_a_repository_whose_git_was_broken_by_the_setup_still_opens(self, backend: Backend) -> None:
        hostile = "rm -rf .git && echo 'gitdir: /nowhere' >.git"
        environment = backend.prepare("broken git", recipe(hostile), TREE, quiet)
        with backend.open(environment, TREE) as sandbox:
            assert sandbox.read("tracked.txt") == b"original\n"

    def test_a_home_a_locale_a_terminal_localhost_and_an_account(self, sandbox: Sandbox) -> None:
        done = sandbox.run(["python3", "-c", MACHINE], timeout=60)
        assert done.ok, done.text

    def test_there_is_a_gigabyte_of_room_for_temporary_files(self, home: Path) -> None:
        roomy = self.make(home, SandboxLimits())
        environment = roomy.prepare("room", recipe("true"), TREE, quiet)
        with roomy.open(environment, TREE) as sandbox:
            done = sandbox.run(["python3", "-c", ROOM], timeout=60)
            assert done.ok, done.text

    def test_files_have_the_modes_that_git_gave_them(self, sandbox: Sandbox) -> None:
        seen = sandbox.run(["stat", "-c", "%a", "run.sh", "tracked.txt"], timeout=60).stdout
        assert seen == b"755\n644\n"

    # environments

    def test_dependencies_and_products_of_the_setup_are_there_again(self, sandbox: Sandbox) -> None:
        assert (
            sandbox.run(["python", "-c", "import dependency; print(dependency.name)"], timeout=60).stdout
            == b"installed\n"
        )
        assert sandbox.read("build/deep/out") == b"product\n"
        assert sandbox.read("package.egg-info/PKG-INFO") == b"info\n"
        assert sandbox.run(["sh", "-c", "cat $HOME/.cache-of-setup"], timeout=60).stdout == b"kept\n"

    def test_a_file_tracked_at_setup_and_deleted_since_is_gone(
        self, backend: Backend, environment: Environment
    ) -> None:
        later = FakeTree({"tracked.txt": b"later\n", "fresh.txt": b"new\n"})
        with backend.open(environment, later) as sandbox:
            found = (
                sandbox.run(["sh", "-c", "find . -name .git -prune -o -not -name . -print | sort"], timeout=60)
                .stdout.decode()
                .split()
            )
            assert sandbox.read("tracked.txt") == b"later\n"
        products = [
            "build",
            "build/deep",
            "build/deep/out",
            "build/where",
            "package.egg-info",
            "package.egg-info/PKG-INFO",
        ]
        assert sorted(found) == sorted(f"./{name}" for name in (*products, "fresh.txt", "tracked.txt"))

    def test_an_editable_install_imports_this_sandboxs_checkout(self, backend: Backend) -> None:
        pth = "echo $PWD > $(echo $PENNYFIX_ENV/lib/python3*/site-packages)/editable.pth"
        editable = recipe("python3 -m venv --without-pip $PENNYFIX_ENV", pth)
        environment = backend.prepare("editable", editable, FakeTree({"mine.py": b"x = 1\n"}), quiet)
        probe = ["python", "-c", "import mine; print(mine.x)"]
        with backend.open(environment, FakeTree({"mine.py": b"x = 2\n"})) as sandbox, sandbox.fork() as copy:
            copy.write({"mine.py": b"x = 3\n"})
            assert sandbox.run(["sh", "-c", f"cd /tmp && {probe[0]} -c '{probe[2]}'"], timeout=60).stdout == b"2\n"
            assert copy.run(["sh", "-c", f"cd /tmp && {probe[0]} -c '{probe[2]}'"], timeout=60).stdout == b"3\n"

    def test_a_copy_is_independent(self, sandbox: Sandbox) -> None:
        sandbox.write({"tracked.txt": b"before the copy\n"})
        sandbox.run(["sh", "-c", "echo home > $HOME/h; echo tmp > $TMPDIR/t; rm -rf package"], timeout=60)
        with sandbox.fork() as copy:
            assert copy.read("tracked.txt") == b"before the copy\n"
            seen = copy.run(["sh", "-c", "cat $HOME/h $TMPDIR/t; test -e package || echo removed"], timeout=60)
            assert seen.stdout == b"home\ntmp\nremoved\n"
            copy.write({"tracked.txt": b"in the copy\n"})
            sandbox.write({"only-here": b""})
            assert sandbox.read("tracked.txt") == b"before the copy\n"
            with pytest.raises(FileNotFoundError):
                copy.read("only-here")
        assert sandbox.run(["true"], timeout=60).ok

    def test_the_second_preparation_comes_from_the_cache(self, backend: Backend, environment: Environment) -> None:
        again = backend.prepare("conformance", recipe(*SETUP), TREE, quiet)
        assert (again.cached, again.seconds) == (True, 0.0)
        assert (again.key, again.ref) == (environment.key, environment.ref)
        assert not environment.cached

    def test_scopes_never_share_an_environment(self, backend: Backend) -> None:
        small = recipe("echo mine > made")
        one, other = (backend.prepare(scope, small, TREE, quiet) for scope in ("one", "other"))
        assert one.key != other.key
        assert not other.cached

    def test_a_changed_input_makes_another_environment(self, backend: Backend) -> None:
        locked = recipe("cat lock > made", inputs=("lock",))
        one = backend.prepare("inputs", locked, FakeTree({"lock": b"1\n", "code": b"1"}), quiet)
        same = backend.prepare("inputs", locked, FakeTree({"lock": b"1\n", "code": b"2"}), quiet)
        other = backend.prepare("inputs", locked, FakeTree({"lock": b"2\n", "code": b"1"}), quiet)
        assert one.key == same.key != other.key
        with backend.open(other, FakeTree({})) as sandbox:
            assert sandbox.read("made") == b"2\n"

    def test_a_failed_setup_says_which_line_and_why(self, backend: Backend) -> None:
        said: list[str] = []
        broken = recipe("true", "echo this is why >&2; exit 4")
        for _ in range(2):  # a failure is never cached
            with pytest.raises(PreparationFailed, match="echo this is why") as failure:
                backend.prepare("broken", broken, TREE, said.append)
            assert "this is why" in failure.value.log
        assert "set-up: true" in said

    def test_a_setup_that_never_ends_is_ended(self, home: Path) -> None:
        import dataclasses

        impatient = self.make(home, dataclasses.replace(LIMITS, setup_seconds=1.5))
        with pytest.raises(PreparationFailed) as failure:
            impatient.prepare("slow", recipe("sleep 60"), TREE, quiet)
        assert "timeout" in failure.value.log

    @pytest.mark.network
    def test_a_setup_reaches_package_registries_and_nothing_else(self, backend: Backend) -> None:
        if not self.isolates:
            return
        with listener() as (port, reached):
            hosts = [own_address(), "127.0.0.1", "172.17.0.1", "169.254.169.254"]
            urls = ["https://example.com/", f"http://{own_address()}:{port}/", "http://169.254.169.254/latest/"]
            lines = [
                "uv venv --quiet $PENNYFIX_ENV && uv pip install --quiet iniconfig",
                f"cat > /tmp/probe.py <<'END'\n{PROBE.format(targets=[*((h, port) for h in hosts), ('1.1.1.1', 443)], urls=urls)}END",
                "python3 /tmp/probe.py > reached",
                "env | grep -i proxy > variables; true",
            ]
            environment = backend.prepare("egress", recipe(*lines), TREE, quiet)
        assert reached == []
        with backend.open(environment, TREE) as sandbox:
            assert sandbox.run(["python", "-c", "import iniconfig"], timeout=60).ok
            assert sandbox.read("reached").decode().split("\n") == ["refused"] * 5 + ["HTTP 403"] * 3 + [""]
            assert b"HTTPS_PROXY" in sandbox.read("variables")
            assert sandbox.run(["sh", "-c", "env | grep -i proxy"], timeout=60).stdout == b""

    @pytest.mark.network
    def test_a_setup_only_reads_from_package_registries(self, backend: Backend) -> None:
        if not self.isolates:
            return
        lines = (
            "uv venv --quiet --seed $PENNYFIX_ENV && uv pip install --quiet iniconfig",
            "pip download --quiet --no-deps --dest /tmp iniconfig",
            f"cat > /tmp/sends.py <<'END'\n{SENDS}END",
            "python3 /tmp/sends.py > answers",
            "python3 /tmp/sends.py >&2; exit 3",
        )
        with pytest.raises(PreparationFailed) as failure:
            backend.prepare("reads", recipe(*lines), TREE, quiet)
        assert "[not sent to pypi.org: POST: a set-up may only read" in failure.value.log
        environment = backend.prepare("reads", recipe(*lines[:-1]), TREE, quiet)
        with backend.open(environment, TREE) as sandbox:
            assert sandbox.read("answers").decode().split() == ["200", "405", "405", "403", "414"]

    # the end

    def test_a_closed_sandbox_is_lost_and_leaves_nothing(
        self, backend: Backend, environment: Environment, home: Path
    ) -> None:
        sandbox = backend.open(environment, TREE)
        sandbox.close()
        sandbox.close()
        assert sandbox.run(["true"], timeout=60).ended is Ended.LOST
        with pytest.raises(SandboxUnavailable):
            sandbox.fork()
        assert list(home.glob("sandboxes/*/*")) == []
        self.nothing_is_left(backend)

    def nothing_is_left(self, backend: Backend) -> None:
        """What a backend leaves elsewhere than in the state folder."""

    def test_a_preparation_is_made_once_when_two_ask_for_it(self, backend: Backend) -> None:
        slow = recipe("sleep 0.5; date +%s%N > made")
        made: list[Environment] = []
        threads = [
            threading.Thread(target=lambda: made.append(backend.prepare("twice", slow, TREE, quiet))) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(e.cached for e in made) == [False, True]


SENDS = """
import urllib.error, urllib.request
index = "https://pypi.org/simple/iniconfig/"
for method, url, body in (
    ("GET", index, None),
    ("POST", "https://pypi.org/legacy/", b"code"),
    ("PUT", index, b"code"),
    ("GET", index, b"code"),
    ("GET", index + "code" * 500, None),
):
    try:
        print(urllib.request.urlopen(urllib.request.Request(url, body, method=method), timeout=60).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""


def sandbox_environment(shown: bytes) -> bytes:
    """The part of the output that `env` printed."""
    return shown.partition(b"\0")[0]
