"""Operations of an App about itself, its installations, tokens and deliveries, and of people who signed in."""

# ruff: noqa: D103 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

from datetime import timedelta
from typing import Any

from deploy.demo.github import shapes
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, not_found
from deploy.demo.github.state import Delivery, Installation, Repository, now

LEVELS = {"read": 1, "write": 2, "admin": 3}


def get_app(ask: ApiRequest) -> Reply:
    return Reply(shapes.app(ask.world, ask.world.app))


def list_installations(ask: ApiRequest) -> Reply:
    return Reply([shapes.installation(ask.world, it) for it in ask.world.installations.values()], pages="")


def _installation(ask: ApiRequest) -> Installation:
    it = ask.world.installations.get(ask.number("installation_id"))
    if it is None:
        raise not_found()
    return it


def get_installation(ask: ApiRequest) -> Reply:
    return Reply(shapes.installation(ask.world, _installation(ask)))


def repository_installation(ask: ApiRequest) -> Reply:
    repo = ask.world.repository(ask.params["owner"], ask.params["repo"])
    it = ask.world.installation_of(repo.id) if repo else None
    if it is None:
        raise not_found()
    return Reply(shapes.installation(ask.world, it))


def _chosen(ask: ApiRequest, it: Installation) -> set[int] | None:
    """The repositories a token is asked for; None for all. Raises Refused 422 for one out of reach."""
    ids, names = ask.body.get("repository_ids"), ask.body.get("repositories")
    if ids is None and names is None:
        return None
    own = {i: ask.world.repositories[i].name for i in it.repositories}
    wanted = set(ids or ()) | {next((i for i, n in own.items() if n == name), -1) for name in names or ()}
    if not wanted or not wanted <= set(own):
        message = (
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
        raise RequestRefused(422, message)
    return wanted


def mint(ask: ApiRequest) -> Reply:
    """An installation token for no more than the installation has."""
    it = _installation(ask)
    if it.suspended:
        raise RequestRefused(403, "This installation has been suspended")
    asked = ask.body.get("permissions") or it.permissions
    if any(LEVELS.get(level, 9) > LEVELS.get(it.permissions.get(name, ""), 0) for name, level in asked.items()):
        raise RequestRefused(422, "The permissions requested are not granted to this installation.")
    repositories, permissions = _chosen(ask, it), {**asked, "metadata": "read"}
    token = ask.world.mint(it, repositories, permissions)
    shape: dict[str, Any] = {
        "token": token.text,
        "expires_at": shapes.stamp(token.expires),
        "permissions": permissions,
        "repository_selection": "selected",
    }
    if repositories is not None:
        found = (ask.world.repositories[i] for i in sorted(repositories))
        shape["repositories"] = [shapes.repository(ask.world, r) for r in found]
    return Reply(shape, 201)


def revoke(ask: ApiRequest) -> Reply:
    if ask.token is not None:
        ask.world.tokens.pop(ask.token.text, None)
    return Reply(status=204)


def token_repositories(ask: ApiRequest) -> Reply:
    if ask.installation is None or ask.token is None:
        raise RequestRefused(403, "Resource not accessible by integration")
    ids = sorted(ask.token.repositories or ask.installation.repositories)
    found = [shapes.repository(ask.world, ask.world.repositories[i]) for i in ids]
    return Reply(
        {"total_count": len(found), "repository_selection": "selected", "repositories": found}, pages="repositories"
    )


def hook_config(ask: ApiRequest) -> Reply:
    app = ask.world.app
    return Reply({"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url})


def _item(it: Delivery) -> dict[str, Any]:
    where = it.payload.get("installation", {}).get("id"), it.payload.get("repository", {}).get("id")
    return shapes.delivery(it, *where)


def list_deliveries(ask: ApiRequest) -> Reply:
    """Newest first, by cursor as GitHub does (the cursor is the id to continue below)."""
    size, cursor = min(int(ask.query.get("per_page", "30")), 100), ask.query.get("cursor")
    found = [d for d in reversed(ask.world.deliveries) if d.status != "pending"]
    if cursor:
        found = [d for d in found if d.id < int(cursor)]
    headers = {}
    if len(found) > size:
        url = f"{ask.world.api}/app/hook/deliveries?per_page={size}&cursor={found[size - 1].id}"
        headers["Link"] = f'<{url}>; rel="next"'
    return Reply([_item(d) for d in found[:size]], headers=headers)


def _delivery(ask: ApiRequest) -> Delivery:
    wanted = ask.number("delivery_id")
    found = next((d for d in ask.world.deliveries if d.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def get_delivery(ask: ApiRequest) -> Reply:
    it = _delivery(ask)
    request = {"headers": it.request_headers, "payload": it.payload}
    return Reply(_item(it) | {"url": "", "request": request, "response": {"headers": {}, "payload": it.response_body}})


def redeliver(ask: ApiRequest) -> Reply:
    it = _delivery(ask)
    ask.deeds.post.send(it.event, it.payload, it.guid)
    return Reply({}, 202)


def convert(ask: ApiRequest) -> Reply:
    """A manifest's code becomes the App, once."""
    made = ask.world.conversions.pop(ask.params["code"], None)
    if made is None:
        raise not_found()
    app = made["app"]
    ask.world.app = app
    ask.world.bot.login = f"{app.slug}[bot]"
    shape = shapes.app(ask.world, app)
    secrets = {"client_secret": app.client_secret, "webhook_secret": app.webhook_secret, "pem": app.private_key}
    return Reply(shape | secrets, 201)


def rate_limit(_: ApiRequest) -> Reply:
    core = {"limit": 5000, "used": 1, "remaining": 4999, "reset": int((now() + timedelta(hours=1)).timestamp())}
    return Reply({"resources": {"core": core, "search": core}, "rate": core})


def get_user(ask: ApiRequest) -> Reply:
    return Reply(shapes.public_user(ask.world, ask.person))


def get_account(ask: ApiRequest) -> Reply:
    account = ask.world.accounts.get(ask.params["username"].lower())
    if ask.params["username"] == ask.world.bot.login:
        account = ask.world.bot
    if account is None:
        raise not_found()
    return Reply(shapes.public_user(ask.world, account))


def _reach(ask: ApiRequest, it: Installation) -> list[Repository]:
    found = (ask.world.repositories[i] for i in sorted(it.repositories))
    return [r for r in found if r.permission(ask.person.login) != "none"]


def user_installations(ask: ApiRequest) -> Reply:
    found = [shapes.installation(ask.world, it) for it in ask.world.installations.values() if _reach(ask, it)]
    return Reply({"total_count": len(found), "installations": found}, pages="installations")


def user_repositories(ask: ApiRequest) -> Reply:
    reach = _reach(ask, _installation(ask))
    if not reach:
        raise not_found()
    found = [shapes.repository(ask.world, r, r.permission(ask.person.login)) for r in reach]
    return Reply(
        {"total_count": len(found), "repository_selection": "selected", "repositories": found}, pages="repositories"
    )


OPERATIONS = (
    Operation("GET", "/app", "app", get_app),
    Operation("GET", "/app/installations", "app", list_installations),
    Operation("GET", "/app/installations/{installation_id}", "app", get_installation),
    Operation("POST", "/app/installations/{installation_id}/access_tokens", "app", mint),
    Operation("GET", "/app/hook/config", "app", hook_config),
    Operation("GET", "/app/hook/deliveries", "app", list_deliveries),
    Operation("GET", "/app/hook/deliveries/{delivery_id}", "app", get_delivery),
    Operation("POST", "/app/hook/deliveries/{delivery_id}/attempts", "app", redeliver),
    Operation("GET", "/repos/{owner}/{repo}/installation", "app", repository_installation),
    Operation("POST", "/app-manifests/{code}/conversions", "none", convert),
    Operation("DELETE", "/installation/token", "token", revoke),
    Operation("GET", "/installation/repositories", "token", token_repositories),
    Operation("GET", "/rate_limit", "token", rate_limit),
    Operation("GET", "/user", "user", get_user),
    Operation("GET", "/user/installations", "user", user_installations),
    Operation("GET", "/user/installations/{installation_id}/repositories", "user", user_repositories),
    Operation("GET", "/users/{username}", "token", get_account),
)
