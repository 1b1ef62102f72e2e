"""The database: does it answer, is its schema the newest, and is every total the sum of its charges?"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from workers.billing import spending_reports
from workers.config.settings import Settings
from workers.db.database import Database, DatabaseUrlError, open_database
from workers.doctor.check import DoctorCheck, fail, ok

NAME, TOTALS = "database", "books"


def database(settings: Settings) -> list[DoctorCheck]:
    """Nothing is made or migrated by looking."""
    try:
        url = make_url(settings.database_url)
        if url.drivername.startswith("sqlite") and not Path(url.database or "").exists():
            return [fail(NAME, f"{url.database} is not there yet", "pennyfix up (makes and migrates it)")]
        opened = open_database(settings.database_url)
    except DatabaseUrlError as error:
        return [fail(NAME, str(error), "set PENNYFIX_DATABASE_URL, or unset it for SQLite in the state folder")]
    try:
        return _look(opened, url.render_as_string(hide_password=True))
    except SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        shown = url.render_as_string(hide_password=True)
        return [fail(NAME, f"{shown} does not answer: {words}", "start it, or correct PENNYFIX_DATABASE_URL")]
    finally:
        opened.close()


def _look(opened: Database, shown: str) -> list[DoctorCheck]:
    here, head = opened.revision()
    if here != head:
        detail = f"{shown} is at revision {here or 'none'}, this version needs {head}"
        return [fail(NAME, detail, "pennyfix up (migrates at start)")]
    with opened.read() as session:
        wrong = spending_reports.discrepancies(session)
    found = [ok(NAME, f"{shown}, revision {here}")]
    if wrong:
        first = wrong[0].scope
        detail = (
            f"{len(wrong)} totals differ from the sum of their charges, first {first.scope} {first.key} {first.month}"
        )
        found.append(
            fail(TOTALS, detail, "stop spending (operator page), and report it: this is a bug or a hand-made change")
        )
    else:
        found.append(ok(TOTALS, "every total is the sum of its charges"))
    return found
