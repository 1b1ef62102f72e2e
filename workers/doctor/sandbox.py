"""The sandbox: which one would be used, is its image there, and do its limits really bite on this machine?"""

from __future__ import annotations

from dataclasses import replace

from workers.doctor.check import CheckContext, DoctorCheck, fail, ok, skipped, warn

NAME = "sandbox"
IMAGE = "sandbox image"
WANTED = {
    "docker": "make sandbox-image",
    "bubblewrap": "apt install bubblewrap",
    "process": "set PENNYFIX_SANDBOX=auto",
}


def sandbox(context: CheckContext) -> list[DoctorCheck]:
    """Small limits, real commands: a few seconds."""
    if context.operator is None:
        return [skipped(NAME, "the operator's file cannot be used")]
    from sandbox.backend import SandboxLimits
    from sandbox.backends import choose
    from sandbox.docker.backend import DockerBackend
    from sandbox.errors import SandboxUnavailable
    from sandbox.self_check import self_check
    from workers.processes.wiring import backend_options

    limits = SandboxLimits(
        cpus=1.0, memory_mb=128, pids=64, disk_mb=64, output_bytes=200_000, setup_seconds=120, lifetime_seconds=600
    )
    context.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = replace(backend_options(context.settings, context.operator), limits=limits)
    try:
        backend = choose(context.settings.sandbox, options)
    except SandboxUnavailable as error:
        return [fail(NAME, str(error), WANTED.get(context.settings.sandbox, "make sandbox-image"))]
    found = [_chosen(context.settings.sandbox, backend.name)]
    if isinstance(backend, DockerBackend):
        found.append(ok(IMAGE, _image(options.image, backend.layers())))
    for tried in self_check(backend, limits):
        name = f"{NAME}: {tried.name}"
        if tried.ok is None:
            found.append(warn(name, tried.detail, WANTED["process"]))
        elif tried.ok:
            found.append(ok(name, tried.detail))
        else:
            found.append(fail(name, tried.detail, _fix(backend.name)))
    return found


def _image(name: str, layers: tuple[str, ...]) -> str:
    """The image and its toolchains, so that a language which is missing is seen before a repository needs it."""
    from sandbox.toolchains import LAYERS

    if not layers:
        return f"{name}, made elsewhere"
    others = [layer for layer in LAYERS if layer not in layers]
    more = f"; make sandbox-image LAYERS=… adds {', '.join(others)}" if others else ""
    return f"{name} with {', '.join(layers)}{more}"


def _chosen(asked: str, name: str) -> DoctorCheck:
    if name == "process":
        detail = "process isolates nothing: commands of repositories and models run as your user"
        return warn(NAME, detail, "set PENNYFIX_SANDBOX=auto and install Docker or bubblewrap")
    if asked == "auto" and name != "docker":
        detail = f"{name}, because Docker or its image does not answer"
        return warn(NAME, detail, "install Docker, then make sandbox-image; or set PENNYFIX_SANDBOX=bubblewrap")
    return ok(NAME, name)


def _fix(name: str) -> str:
    other = "docker" if name != "docker" else "bubblewrap"
    return f"make {name} keep its promise (a newer version, cgroups), or use PENNYFIX_SANDBOX={other}"
