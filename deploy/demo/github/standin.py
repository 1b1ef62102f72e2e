"""The stand-in as one object: start it, let people act on it, read what became of it.

with StandIn(folder, webhook_url="http://127.0.0.1:8000/webhooks/github", webhook_secret="…") as github:
    repo = github.add_repository("demo/parcel", {"README.md": b"…"}, people={"ada": "write"})
    number = github.open_issue("demo/parcel", "Rounding is wrong", "…", by="ada")
    github.label("demo/parcel", number, "autofix", by="ada")
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from deploy.demo.github import shapes
from deploy.demo.github.actions import Actions
from deploy.demo.github.admin import Admin
from deploy.demo.github.hooks import WebhookSender
from deploy.demo.github.objects import GitObjects, Signature
from deploy.demo.github.rest import Rest, Traffic
from deploy.demo.github.state import (
    EVENTS,
    PERMISSIONS,
    DemoAccount,
    DemoApp,
    DemoComment,
    DemoDelivery,
    DemoInstallation,
    DemoIssue,
    DemoRepository,
    DemoReview,
    Permission,
    World,
    now,
)
from deploy.demo.github.web import Site
from deploy.demo.serving import Serving


def key_pair() -> tuple[str, str]:
    """A new RSA key as (private PEM in GitHub's PKCS#1 form, public PEM)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    none = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, none)
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


class StandIn:
    """GitHub on this machine. `url` and `api_url` are set once it is started (or entered with `with`).

    `observer` sees every REST request with its answer; `rest.fault` may answer in GitHub's place; `webhooks.held` holds
    webhooks back; `admin` archives, renames, deletes, transfers and lets another App's checks complete.
    """

    def __init__(
        self,
        folder: Path,
        *,
        webhook_url: str = "",
        webhook_secret: str = "demo-webhook-secret",  # noqa: S107 - a stand-in keeps no secrets
        app_id: int = 1234,
        slug: str = "pennyfix",
        permissions: Mapping[str, str] | None = None,
        events: Sequence[str] = EVENTS,
        callback_url: str = "",
        observer: Callable[[Traffic], None] | None = None,
        port: int = 0,
    ) -> None:
        private, public = key_pair()
        self.folder = folder
        self.app = DemoApp(
            id=app_id,
            slug=slug,
            name=slug.capitalize(),
            client_id=f"Iv23{secrets.token_hex(8)}",
            client_secret=secrets.token_hex(20),
            public_key=public,
            private_key=private,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            callback_url=callback_url,
            permissions=dict(permissions or PERMISSIONS),
            events=tuple(events),
        )
        self.world = World(self.app)
        self.world.bot = DemoAccount(next(self.world.ids), f"{slug}[bot]", "Bot")
        self.webhooks = WebhookSender(self.world)
        self.actions = Actions(self.world, self.webhooks)
        self.admin = Admin(self.actions)
        self.rest = Rest(self.world, self.actions, observer)
        self._serving = Serving(Site(self.rest, key_pair).application(), port=port)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Serve on 127.0.0.1 in threads of this process."""
        self.world.url = self._serving.start()
        self.webhooks.start()
        return self

    def stop(self) -> None:
        self.webhooks.held = False
        self.webhooks.stop()
        self._serving.stop()

    @property
    def url(self) -> str:
        """Address of the pages for people and of git: `http://127.0.0.1:PORT`."""
        return self.world.url

    @property
    def api_url(self) -> str:
        """Address of the REST API: `url` + `/api/v3`."""
        return self.world.api

    @property
    def private_key(self) -> str:
        """The App's private key, PEM."""
        return self.app.private_key

    # what an owner sets up

    def add_repository(
        self,
        full_name: str,
        files: Mapping[str, bytes | str],
        *,
        people: Mapping[str, Permission] | None = None,
        private: bool = True,
        installed: bool = True,
    ) -> DemoRepository:
        """A repository with one commit of `files` on main; the App gets installed on it (no webhook is sent)."""
        owner, name = full_name.split("/")
        repo = DemoRepository(
            next(self.world.ids),
            self.world.account(owner),
            name,
            GitObjects(self.folder / f"{full_name}.git"),
            private=private,
            people=dict(people or {}),
        )
        for login in repo.people:
            self.world.account(login)
        self.world.repositories[repo.id] = repo
        self.commit(full_name, files, "Begin", by=owner, send_webhook=False)
        if installed:
            self.install(full_name, send_webhook=False)
        return repo

    def install(self, *full_names: str, send_webhook: bool = True) -> DemoInstallation:
        """Install the App on repositories of one owner, or add them to its installation there."""
        repos = [self.repository(name) for name in full_names]
        owner, ids = repos[0].owner, {r.id for r in repos}
        found = next((i for i in self.world.installations.values() if i.account is owner), None)
        it = found or DemoInstallation(next(self.world.ids), owner, set(), dict(self.app.permissions), now())
        it.repositories |= ids
        self.world.installations[it.id] = it
        if send_webhook:
            short = [self._short(r) for r in repos]
            if found:
                changes = {"repositories_added": short, "repositories_removed": [], "repository_selection": "selected"}
                self._send_installation_event("installation_repositories", "added", it, **changes, requester=None)
            else:
                self._send_installation_event("installation", "created", it, repositories=short, requester=None)
        return it

    def uninstall(self, full_name: str) -> None:
        """Delete the whole installation that covers this repository."""
        it = self.installation(full_name)
        del self.world.installations[it.id]
        short = [self._short(self.world.repositories[i]) for i in sorted(it.repositories)]
        self._send_installation_event("installation", "deleted", it, repositories=short)

    def remove_from_installation(self, full_name: str) -> None:
        """Take one repository away from the App."""
        it, repo = self.installation(full_name), self.repository(full_name)
        it.repositories.discard(repo.id)
        changes = {"repositories_added": [], "repositories_removed": [self._short(repo)]}
        self._send_installation_event(
            "installation_repositories", "removed", it, **changes, repository_selection="selected", requester=None
        )

    def suspend(self, full_name: str, *, suspended: bool = True) -> None:
        """Suspend (or unsuspend) the installation that covers this repository."""
        it = self.installation(full_name)
        it.suspended = now() if suspended else None
        self._send_installation_event("installation", "suspend" if suspended else "unsuspend", it)

    def commit(
        self,
        full_name: str,
        files: Mapping[str, bytes | str | None],
        message: str,
        *,
        by: str,
        send_webhook: bool = True,
    ) -> str:
        """Commit `files` (None deletes) on the default branch and return the SHA."""
        repo = self.repository(full_name)
        own, ref = repo.objects, f"refs/heads/{repo.default_branch}"
        tip = own.ref(ref)
        entries = [
            (path, "100644", None if body is None else own.add_blob(body.encode() if isinstance(body, str) else body))
            for path, body in files.items()
        ]
        tree = own.add_tree(entries, own.commit(tip).tree if tip else None)
        who = Signature(by, f"{by}@example.org", f"{int(now().timestamp())} +0000")
        sha = own.add_commit(tree, [tip] if tip else [], f"{message}\n", who, who)
        own.set_ref(ref, sha)
        if send_webhook:
            with self.rest.lock:
                self.actions.push(repo, ref, tip, sha, self.world.account(by))
        return sha

    # what people do

    def open_issue(self, full_name: str, title: str, body: str, *, by: str) -> int:
        """Open an issue; returns its number."""
        with self.rest.lock:
            return self.actions.open_issue(self.repository(full_name), self.world.account(by), title, body).number

    def label(self, full_name: str, number: int, name: str, *, by: str) -> None:
        with self.rest.lock:
            self.actions.label(*self._at(full_name, number), name, self.world.account(by))

    def unlabel(self, full_name: str, number: int, name: str, *, by: str) -> None:
        with self.rest.lock:
            self.actions.unlabel(*self._at(full_name, number), name, self.world.account(by))

    def close(self, full_name: str, number: int, *, by: str) -> None:
        with self.rest.lock:
            self.actions.set_state(*self._at(full_name, number), "closed", self.world.account(by))

    def reopen(self, full_name: str, number: int, *, by: str) -> None:
        with self.rest.lock:
            self.actions.set_state(*self._at(full_name, number), "open", self.world.account(by))

    def lock(self, full_name: str, number: int, *, by: str) -> None:
        with self.rest.lock:
            self.actions.lock(*self._at(full_name, number), self.world.account(by))

    def edit(self, full_name: str, number: int, *, by: str, title: str | None = None, body: str | None = None) -> None:
        with self.rest.lock:
            self.actions.edit(*self._at(full_name, number), title, body, self.world.account(by))

    def comment(self, full_name: str, number: int, body: str, *, by: str) -> DemoComment:
        with self.rest.lock:
            return self.actions.comment(*self._at(full_name, number), body, self.world.account(by))

    def review(
        self,
        full_name: str,
        number: int,
        state: str,
        body: str,
        *,
        by: str,
        lines: Sequence[tuple[str, int, str]] = (),
    ) -> DemoReview:
        """Submit a review: APPROVED, CHANGES_REQUESTED or COMMENTED, with comments on (path, line, text)."""
        with self.rest.lock:
            repo, it = self._at(full_name, number)
            return self.actions.review(repo, it, self.world.account(by), state, body, tuple(lines))

    def merge(self, full_name: str, number: int, *, by: str) -> str:
        """Squash-merge a pull request; returns the new commit on the base branch."""
        with self.rest.lock:
            return self.actions.merge(*self._at(full_name, number), self.world.account(by))

    def redeliver(self, delivery: DemoDelivery) -> DemoDelivery:
        """Deliver once more, with the same guid."""
        return self.webhooks.send(delivery.event, delivery.payload, delivery.guid)

    def flush(self, seconds: float = 60.0) -> None:
        """Wait until all webhooks were tried. Raises TimeoutError."""
        self.webhooks.flush(seconds)

    # what became of it

    def repository(self, full_name: str) -> DemoRepository:
        """Raises KeyError when there is none of that name."""
        repo = self.world.repository(*full_name.split("/"))
        if repo is None:
            raise KeyError(full_name)
        return repo

    def installation(self, full_name: str) -> DemoInstallation:
        """The installation that covers a repository. Raises KeyError when there is none."""
        it = self.world.installation_of(self.repository(full_name).id)
        if it is None:
            raise KeyError(full_name)
        return it

    def issue(self, full_name: str, number: int) -> DemoIssue:
        return self.repository(full_name).issues[number]

    def pulls(self, full_name: str) -> list[DemoIssue]:
        """All pull requests, oldest first."""
        return [it for it in self.repository(full_name).issues.values() if it.pull]

    def deliveries(self, event: str = "", action: str = "") -> list[DemoDelivery]:
        """Deliveries so far, oldest first."""
        return [d for d in self.world.deliveries if event in ("", d.event) and action in ("", d.payload.get("action"))]

    def read(self, full_name: str, path: str, ref: str = "main") -> bytes:
        """A file at a branch. Raises KeyError when it is not there."""
        own = self.repository(full_name).objects
        entries = own.tree(f"refs/heads/{ref}", path=path)
        if not entries:
            raise KeyError(f"{path} at {ref}")
        return own.blob(entries[0].sha)

    def _at(self, full_name: str, number: int) -> tuple[DemoRepository, DemoIssue]:
        repo = self.repository(full_name)
        return repo, repo.issues[number]

    def _short(self, repo: DemoRepository) -> dict[str, Any]:
        whole = shapes.repository(self.world, repo)
        return {key: whole[key] for key in ("id", "node_id", "name", "full_name", "private")}

    def _send_installation_event(self, event: str, action: str, it: DemoInstallation, **objects: Any) -> None:
        who = shapes.user(self.world, it.account)
        whole = shapes.installation(self.world, it)
        self.webhooks.send(event, {"action": action, "installation": whole, **objects, "sender": who})
