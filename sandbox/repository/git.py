"""The one place that runs git: argument lists, an environment made from nothing, bare repositories only.

It refuses to check anything out, and to run in a tree that a sandbox can write: git executes what a
repository's own configuration names (`filter.*`, `diff.*`, hooks), whatever flags it is given.
See git-config(1) "GIT_CONFIG_COUNT" for how configuration travels without argv or a file.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from sandbox.errors import MirrorError

GIT_SECONDS = 120.0
"""How long any local git command may take."""

SAFE_CONFIG: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.autocrlf", "false"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.quotePath", "false"),
    ("credential.helper", ""),
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
    ("fetch.fsckObjects", "true"),
    ("fetch.writeCommitGraph", "false"),
    ("transfer.bundleURI", "false"),
    ("gc.autoDetach", "false"),
    ("gpg.program", "/bin/false"),
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    ("tar.umask", "0022"),
    # Old, harmless defects of well-known histories; everything else that fsck calls an error stays one.
    ("fetch.fsck.badTimezone", "ignore"),
    ("fetch.fsck.missingEmail", "ignore"),
    ("fetch.fsck.missingNameBeforeEmail", "ignore"),
    ("fetch.fsck.missingSpaceBeforeDate", "ignore"),
    ("fetch.fsck.zeroPaddedDate", "ignore"),
    ("fetch.fsck.zeroPaddedFilemode", "ignore"),
)

_SECRETS = re.compile(r"(?:ghs|gho|ghu|ghp|ghr)_[A-Za-z0-9._]{20,}|github_pat_\w{20,}|(?<=://)[^/\s@]+@|Basic \S+")


def redacted(text: str, secret: str | None = None) -> str:
    """`text` without `secret`, its Basic form, anything shaped like a GitHub token, or credentials in a URL."""
    for form in (secret, secret and basic(secret)):
        if form:
            text = text.replace(form, "***")
    return _SECRETS.sub("***", text)


def basic(token: str) -> str:
    """The credentials part of HTTP Basic for a GitHub installation token (user `x-access-token`)."""
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


def environment(
    git_dir: Path, config: Sequence[tuple[str, str]] = (), extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The whole environment of a git process. Only PATH, proxies and the certificate file come from ours."""
    env = {
        "PATH": os.pathsep.join(os.get_exec_path()),
        "HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_DIR": str(git_dir),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    if certificates := ssl.get_default_verify_paths().cafile:
        env["GIT_SSL_CAINFO"] = certificates
    for scheme, proxy in urllib.request.getproxies().items():
        if scheme in ("http", "https", "no"):
            env[f"{scheme}_proxy"] = proxy
    pairs = (*SAFE_CONFIG, *config)
    env["GIT_CONFIG_COUNT"] = str(len(pairs))
    for i, (key, value) in enumerate(pairs):
        env[f"GIT_CONFIG_KEY_{i}"] = key
        env[f"GIT_CONFIG_VALUE_{i}"] = value
    return env | dict(extra or {})


def git(
    git_dir: Path,
    *argv: str,
    config: Sequence[tuple[str, str]] = (),
    extra: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    stdout: IO[bytes] | None = None,
    timeout: float = GIT_SECONDS,
    secret: str | None = None,
    accept: Sequence[int] = (0,),
) -> bytes:
    """Run git to the end and return its standard output (empty when it goes to the file `stdout`).

    At `timeout` seconds the whole process group is killed. Raises MirrorError with a redacted message.
    """
    try:
        process = subprocess.Popen(
            ["git", *argv],
            stdin=subprocess.PIPE,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(git_dir, config, extra),
            cwd="/",
            start_new_session=True,
        )
    except OSError as e:
        raise MirrorError(f"git cannot be started: {e.strerror}; install git and see that it is on PATH") from e
    with process:
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as e:
            raise MirrorError(f"git {argv[0]} took longer than {timeout:.0f} s and was stopped") from e
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode not in accept:
        message = redacted(err.decode("utf-8", "replace").strip()[-2000:], secret)
        raise MirrorError(f"git {argv[0]} failed (exit code {process.returncode}): {message}")
    return out or b""
