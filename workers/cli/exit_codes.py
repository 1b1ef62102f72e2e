"""Which errors the command line expects, and the exit code of each. All others stay loud."""

from __future__ import annotations

import typer


def expected_errors() -> dict[type[BaseException], int]:
    """Each expected type of error with its exit code; the error's message already names the fix.

    1: the answer is no. 2: bad input. 3: something that is needed is not there. The types are imported here, when an
    error has happened, so that a command does not wait for them.
    """
    import sqlite3

    import psycopg
    import sqlalchemy.exc

    from sandbox.errors import MirrorError, PreparationFailed, SandboxUnavailable
    from strategies.models.meter import OverBudget
    from strategies.models.model import ModelRefused, ModelUnavailable
    from strategies.prompts.prompt import PromptError
    from strategies.study.replaying.outcomes import OutcomesError
    from strategies.study.tasks.task import TaskError
    from workers.billing.budget_reports import NoSuchRepository
    from workers.cli.local_issue import IssueUnreadable
    from workers.cli.operator_actions import ActionRefused
    from workers.cli.setup_report import FileNotWritten
    from workers.config.errors import ConfigError
    from workers.db.database import DatabaseUrlError
    from workers.github.types import ForgeError
    from workers.processes.broker import BrokerUnavailable
    from workers.usd import MoneyError
    from workers.views.job_report import NoSuchJob

    return {
        ActionRefused: 1,
        OverBudget: 1,
        ConfigError: 2,
        DatabaseUrlError: 2,
        FileNotWritten: 2,
        IssueUnreadable: 2,
        ModelRefused: 2,
        MoneyError: 2,
        NoSuchJob: 2,
        NoSuchRepository: 2,
        OutcomesError: 2,
        PromptError: 2,
        TaskError: 2,
        typer.BadParameter: 2,
        BrokerUnavailable: 3,
        ForgeError: 3,
        MirrorError: 3,
        ModelUnavailable: 3,
        PreparationFailed: 3,
        SandboxUnavailable: 3,
        psycopg.OperationalError: 3,
        sqlalchemy.exc.OperationalError: 3,
        sqlite3.OperationalError: 3,
    }


def explain(error: BaseException) -> tuple[str, int] | None:
    """What an expected error says to a person, and the exit code; None for one that should stay loud."""
    codes = (code for kind, code in expected_errors().items() if isinstance(error, kind))
    code = next(codes, None)
    return None if code is None else (str(error), code)
