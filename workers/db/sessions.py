"""Signed-in browsers in the database, and sign-ins under way. Only digests of cookies are ever kept.

What a person can see is a row per repository (`SightRow`), so that asking "may they?" is one look by key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from workers.db import audit
from workers.db.tables import RepositoryRow, SessionRow, SightRow, SignInRow

_LONGEST_NEXT = 500


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has not expired. `token` is sealed; `seen_at` is when GitHub was last asked what is visible."""

    digest: str
    github_id: int
    login: str
    csrf: str
    token: str
    seen_at: datetime | None
    expires: datetime


def begin_sign_in(session: Session, digest: str, following: str, *, now: datetime, expires: datetime) -> None:
    """Remember that a browser (the digest of its cookie) was sent to GitHub; forget those that never came back."""
    session.execute(delete(SignInRow).where(SignInRow.expires <= now))
    session.add(SignInRow(id_digest=digest, next=following[:_LONGEST_NEXT], expires=expires))


def take_sign_in(session: Session, digest: str, now: datetime) -> str | None:
    """Where to go after a sign-in that was begun by this browser; None if there is none (any more): it works once."""
    taken = session.execute(
        delete(SignInRow).where(SignInRow.id_digest == digest).returning(SignInRow.next, SignInRow.expires)
    ).one_or_none()
    return None if taken is None or taken.expires <= now else str(taken.next)


def open_session(
    session: Session,
    *,
    digest: str,
    github_id: int,
    login: str,
    csrf: str,
    token: str,
    sights: Mapping[int, bool],
    now: datetime,
    expires: datetime,
) -> None:
    """A person has signed in; `sights` maps repositories they can see to whether they administer them."""
    session.execute(delete(SessionRow).where(SessionRow.expires <= now))
    session.add(
        SessionRow(
            id_digest=digest,
            github_id=github_id,
            login=login,
            csrf=csrf,
            token=token,
            seen_at=now,
            created_at=now,
            expires=expires,
        )
    )
    session.flush()
    _see(session, digest, sights)
    audit.note(session, login, "signed in", now=now, after={"github_id": github_id})


def find_session(session: Session, digest: str, now: datetime) -> SignedIn | None:
    """The session of a cookie's digest, unless it expired or was ended."""
    row = session.execute(
        select(
            SessionRow.id_digest,
            SessionRow.github_id,
            SessionRow.login,
            SessionRow.csrf,
            SessionRow.token,
            SessionRow.seen_at,
            SessionRow.expires,
        ).where(SessionRow.id_digest == digest)
    ).one_or_none()
    return None if row is None or row.expires <= now else SignedIn(*row)


def see(session: Session, digest: str, sights: Mapping[int, bool], now: datetime) -> None:
    """Replace what the person can see by what GitHub says now."""
    found = session.execute(update(SessionRow).where(SessionRow.id_digest == digest).values(seen_at=now))
    if getattr(found, "rowcount", 0):
        session.execute(delete(SightRow).where(SightRow.id_digest == digest))
        _see(session, digest, sights)


def _see(session: Session, digest: str, sights: Mapping[int, bool]) -> None:
    """Only repositories that are known here are kept: nobody's whole list of repositories lies in our database."""
    wanted = sorted(sights)
    known: set[int] = set()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        known.update(session.scalars(select(RepositoryRow.id).where(RepositoryRow.id.in_(part))))
    rows = [{"id_digest": digest, "repository_id": number, "administers": sights[number]} for number in sorted(known)]
    if rows:
        session.execute(insert(SightRow), rows)


def close_session(session: Session, digest: str, login: str, now: datetime) -> None:
    """Signed out: the session and what it saw are gone."""
    session.execute(delete(SightRow).where(SightRow.id_digest == digest))
    session.execute(delete(SessionRow).where(SessionRow.id_digest == digest))
    audit.note(session, login, "signed out", now=now)


def administers(session: Session, digest: str, repository_id: int) -> bool | None:
    """Whether the person administers the repository; None: they cannot see it, or there is none."""
    row = session.execute(
        select(SightRow.administers).where(SightRow.id_digest == digest, SightRow.repository_id == repository_id)
    ).one_or_none()
    return None if row is None else bool(row.administers)


def still_looking(session: Session, digests: Collection[str], repository_id: int, now: datetime) -> frozenset[str]:
    """Those of the sessions that are alive and still can see the repository."""
    query = (
        select(SessionRow.id_digest)
        .join(SightRow, SightRow.id_digest == SessionRow.id_digest)
        .where(
            SessionRow.id_digest.in_(list(digests)), SessionRow.expires > now, SightRow.repository_id == repository_id
        )
    )
    return frozenset(session.scalars(query))
