"""Git's smart HTTP, answered by git's own `git http-backend` as a CGI program."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from deploy.demo.github.auth import find_token, visible_repository
from deploy.demo.github.objects import QUIET
from deploy.demo.github.request import RequestRefused
from deploy.demo.github.rest import HttpAnswer, Rest
from deploy.demo.github.state import DemoAccount, DemoRepository

UNAUTHORIZED = 401
CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"', "Content-Type": "text/plain"}


def _admit(
    rest: Rest, owner: str, name: str, authorization: str, *, pushing: bool
) -> tuple[DemoRepository, DemoAccount]:
    """The repository and who asks. Raises RequestRefused."""
    world = rest.world
    repo = world.repository(owner, name)
    if repo is not None and not repo.private and not pushing and not authorization:
        return repo, world.bot
    token = find_token(world, authorization)
    repo = visible_repository(world, token, owner, name)
    level = repo.permission(token.person.login) if token.person else token.permissions.get("contents", "none")
    if level not in (("write", "admin") if pushing else ("read", "write", "admin")):
        raise RequestRefused(403, "Write access to repository not granted." if pushing else "Not granted.")
    return repo, token.person or world.bot


def serve(rest: Rest, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
    """Answer `/{owner}/{repo}.git/...`. Fetching needs contents: read, pushing contents: write."""
    owner, name, rest_of_path = path.strip("/").split("/", 2)
    name = name.removesuffix(".git")
    pushing = "git-receive-pack" in rest_of_path or "service=git-receive-pack" in query
    try:
        with rest.lock:
            repo, who = _admit(rest, owner, name, headers.get("authorization", ""), pushing=pushing)
    except RequestRefused as refused:
        challenge = CHALLENGE if refused.status == UNAUTHORIZED else {"Content-Type": "text/plain"}
        return HttpAnswer(refused.status, dict(challenge), str(refused).encode())
    before = dict(repo.objects.refs("refs/"))
    env = {
        **QUIET,
        "GIT_PROJECT_ROOT": str(repo.objects.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{rest_of_path}",
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "REMOTE_USER": who.login,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
    }
    done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    answer = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(answer.pop("Status", "200" if done.returncode == 0 else "500").split()[0])
    after = dict(repo.objects.refs("refs/"))
    with rest.lock:
        for ref in sorted(set(before) | set(after)) if pushing else ():
            if before.get(ref) != after.get(ref):
                rest.actions.push(repo, ref, before.get(ref), after.get(ref), who)
    return HttpAnswer(status, answer, content)
