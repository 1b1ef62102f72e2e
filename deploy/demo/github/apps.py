"""Operations of an App about itself, its installations, tokens and deliveries, and of people who signed in."""

# ruff: noqa: D103 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

from datetime import timedelta
from typing import Any

from deploy.demo.github import shapes
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, not_found
from deploy.demo.github.state import DemoDelivery, DemoInstallation, DemoRepository, now

LEVELS = {"read": 1, "write": 2, "admin": 3}


def get_app(request: ApiRequest) -> Reply:
    return Reply(shapes.app(request.world, request.world.app))


def list_installations(request: ApiRequest) -> Reply:
    return Reply([shapes.installation(request.world, it) for it in request.world.installations.values()], pages="")


def _installation(request: ApiRequest) -> DemoInstallation:
    it = request.world.installations.get(request.number("installation_id"))
    if it is None:
        raise not_found()
    return it


def get_installation(request: ApiRequest) -> Reply:
    return Reply(shapes.installation(request.world, _installation(request)))


def repository_installation(request: ApiRequest) -> Reply:
    repo = request.world.repository(request.params["owner"], request.params["repo"])
    it = request.world.installation_of(repo.id) if repo else None
    if it is None:
        raise not_found()
    return Reply(shapes.installation(request.world, it))


def _chosen(request: ApiRequest, it: DemoInstallation) -> set[int] | None:
    """The repositories a token is asked for; None for all. Raises RequestRefused 422 for one out of reach."""
    ids, names = request.body.get("repository_ids"), request.body.get("repositories")
    if ids is None and names is None:
        return None
    own = {i: request.world.repositories[i].name for i in it.repositories}
    wanted = set(ids or ()) | {next((i for i, n in own.items() if n == name), -1) for name in names or ()}
    if not wanted or not wanted <= set(own):
        message = (
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
        raise RequestRefused(422, message)
    return wanted


def mint(request: ApiRequest) -> Reply:
    """An installation token for no more than the installation has."""
    it = _installation(request)
    if it.suspended:
        raise RequestRefused(403, "This installation has been suspended")
    asked = request.body.get("permissions") or it.permissions
    if any(LEVELS.get(level, 9) > LEVELS.get(it.permissions.get(name, ""), 0) for name, level in asked.items()):
        raise RequestRefused(422, "The permissions requested are not granted to this installation.")
    repositories, permissions = _chosen(request, it), {**asked, "metadata": "read"}
    token = request.world.mint(it, repositories, permissions)
    shape: dict[str, Any] = {
        "token": token.text,
        "expires_at": shapes.stamp(token.expires),
        "permissions": permissions,
        "repository_selection": "selected",
    }
    if repositories is not None:
        found = (request.world.repositories[i] for i in sorted(repositories))
        shape["repositories"] = [shapes.repository(request.world, r) for r in found]
    return Reply(shape, 201)


def revoke(request: ApiRequest) -> Reply:
    if request.token is not None:
        request.world.tokens.pop(request.token.text, None)
    return Reply(status=204)


def token_repositories(request: ApiRequest) -> Reply:
    if request.installation is None or request.token is None:
        raise RequestRefused(403, "Resource not accessible by integration")
    ids = sorted(request.token.repositories or request.installation.repositories)
    found = [shapes.repository(request.world, request.world.repositories[i]) for i in ids]
    return Reply(
        {"total_count": len(found), "repository_selection": "selected", "repositories": found}, pages="repositories"
    )


def hook_config(request: ApiRequest) -> Reply:
    app = request.world.app
    return Reply({"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url})


def _item(it: DemoDelivery) -> dict[str, Any]:
    where = it.payload.get("installation", {}).get("id"), it.payload.get("repository", {}).get("id")
    return shapes.delivery(it, *where)


def list_deliveries(request: ApiRequest) -> Reply:
    """Newest first, by cursor as GitHub does (the cursor is the id to continue below)."""
    size, cursor = min(int(request.query.get("per_page", "30")), 100), request.query.get("cursor")
    found = [d for d in reversed(request.world.deliveries) if d.status != "pending"]
    if cursor:
        found = [d for d in found if d.id < int(cursor)]
    headers = {}
    if len(found) > size:
        url = f"{request.world.api}/app/hook/deliveries?per_page={size}&cursor={found[size - 1].id}"
        headers["Link"] = f'<{url}>; rel="next"'
    return Reply([_item(d) for d in found[:size]], headers=headers)


def _delivery(request: ApiRequest) -> DemoDelivery:
    wanted = request.number("delivery_id")
    found = next((d for d in request.world.deliveries if d.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def get_delivery(request: ApiRequest) -> Reply:
    it = _delivery(request)
    sent = {"headers": it.request_headers, "payload": it.payload}
    return Reply(_item(it) | {"url": "", "request": sent, "response": {"headers": {}, "payload": it.response_body}})


def redeliver(request: ApiRequest) -> Reply:
    it = _delivery(request)
    request.actions.webhooks.send(it.event, it.payload, it.guid)
    return Reply({}, 202)


def convert(request: ApiRequest) -> Reply:
    """A manifest's code becomes the App, once."""
    made = request.world.conversions.pop(request.params["code"], None)
    if made is None:
        raise not_found()
    app = made["app"]
    request.world.app = app
    request.world.bot.login = f"{app.slug}[bot]"
    shape = shapes.app(request.world, app)
    secrets = {"client_secret": app.client_secret, "webhook_secret": app.webhook_secret, "pem": app.private_key}
    return Reply(shape | secrets, 201)


def rate_limit(_: ApiRequest) -> Reply:
    core = {"limit": 5000, "used": 1, "remaining": 4999, "reset": int((now() + timedelta(hours=1)).timestamp())}
    return Reply({"resources": {"core": core, "search": core}, "rate": core})


def get_user(request: ApiRequest) -> Reply:
    return Reply(shapes.public_user(request.world, request.person))


def get_account(request: ApiRequest) -> Reply:
    account = request.world.accounts.get(request.params["username"].lower())
    if request.params["username"] == request.world.bot.login:
        account = request.world.bot
    if account is None:
        raise not_found()
    return Reply(shapes.public_user(request.world, account))


def _reach(request: ApiRequest, it: DemoInstallation) -> list[DemoRepository]:
    found = (request.world.repositories[i] for i in sorted(it.repositories))
    return [r for r in found if r.permission(request.person.login) != "none"]


def user_installations(request: ApiRequest) -> Reply:
    found = [
        shapes.installation(request.world, it) for it in request.world.installations.values() if _reach(request, it)
    ]
    return Reply({"total_count": len(found), "installations": found}, pages="installations")


def user_repositories(request: ApiRequest) -> Reply:
    reach = _reach(request, _installation(request))
    if not reach:
        raise not_found()
    found = [shapes.repository(request.world, r, r.permission(request.person.login)) for r in reach]
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
