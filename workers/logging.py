"""Where log lines go: stderr, redacted, one form for our own lines and those of libraries.

Ids (job, delivery, repository) are bound with `structlog.contextvars.bind_contextvars` by whoever knows them.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from workers.config.settings import Settings
from workers.redact import redact_event

QUIET = ("httpx", "httpcore", "urllib3", "docker", "LiteLLM", "alembic", "asyncio", "multipart")


def configure(settings: Settings, part: str) -> None:
    """Set up logging for this process; `part` (receiver, worker, …) stands on each line."""

    def name_part(_logger: Any, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        return {"part": part, **event}

    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_part,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    last = structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
