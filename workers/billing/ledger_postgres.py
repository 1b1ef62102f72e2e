"""The two ordinary steps of the ledger as one PostgreSQL statement each, which is its own transaction.

All workers wait for the operator's row; here it is held without a round trip to the client, whose process may not
get a processor for a while. Both decline what is not ordinary, having done nothing; `ledger_transactions.py` then
takes the long way through `ledger.py`, which knows what to say. Both must do to the tables what that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam, text

from workers.billing import totals
from workers.billing.ledger import STOP_SPENDING, Caps
from workers.billing.totals import Scope
from workers.db.columns import Usd, Utc, Words

# Constants and placeholders only, no value is ever in the text.
_RESERVE = text(
    f"""
    WITH gate AS MATERIALIZED (
        SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM switches WHERE name = :switch AND thrown)
            AND (:owner = '' OR EXISTS (
                SELECT 1 FROM jobs WHERE jobs.id = :job_id AND lease_owner = :owner AND lease_fence = :fence))
            AND ({totals.COUNT}) = :wanted
    ),
    locked AS MATERIALIZED (
        SELECT scope, key, totals.month, spent + reserved AS used FROM totals, gate
        WHERE {totals.MATCH} ORDER BY {totals.ORDER} FOR UPDATE OF totals
    ),
    fits AS MATERIALIZED (
        SELECT 1 FROM locked HAVING count(*) = :wanted AND bool_and(used + :worst <= coalesce(
            CASE scope WHEN 'issue' THEN CAST(:issue_cap AS bigint)
                WHEN 'repository' THEN CAST(:repository_cap AS bigint)
                WHEN 'installation' THEN CAST(:installation_cap AS bigint)
                ELSE CAST(:operator_cap AS bigint) END,
            9223372036854775807))
    ),
    added AS (
        INSERT INTO reservations (id, job_id, fence, installation_id, repository_id, issue, month, tier, model,
            purpose, worst, created_at)
        SELECT :id, :job_id, :fence, :installation_id, :repository_id, :issue_number, :month, :tier, :model,
            :purpose, :worst, CAST(:created_at AS timestamptz) FROM fits
    )
    UPDATE totals SET reserved = totals.reserved + :worst FROM locked, fits
    WHERE totals.scope = locked.scope AND totals.key = locked.key AND totals.month = locked.month
    RETURNING 1
    """  # noqa: S608 - constants, see above
).bindparams(
    bindparam("worst", type_=Usd),
    bindparam("created_at", type_=Utc),
    bindparam("owner", type_=Text),
    *(bindparam(name, type_=Usd) for name in ("issue_cap", "repository_cap", "installation_cap", "operator_cap")),
    *(bindparam(name, type_=Words) for name in ("tier", "model", "purpose")),
)

# A charge may reach the disk a moment after the commit: should the server lose power just then, the reservation is
# there still, and is swept at its worst case. No cap is overrun by that. (Reservations are never written late.)
_SETTLE = text(
    f"""
    WITH gone AS (
        DELETE FROM reservations WHERE id = :reservation AND worst >= coalesce(CAST(:usd AS bigint), worst)
        RETURNING *, set_config('synchronous_commit', 'off', true)
    ),
    booked AS (
        INSERT INTO charges (reservation, job_id, installation_id, repository_id, issue, month, tier, model, purpose,
            worst, attempt, input_tokens, cached_tokens, cache_write_tokens, output_tokens, usd, price, milliseconds,
            error, swept, at)
        SELECT id, job_id, installation_id, repository_id, issue, month, tier, model, purpose,
            worst, :attempt, :input_tokens, :cached_tokens, :cache_write_tokens, :output_tokens,
            CAST(:usd AS bigint), CAST(:price AS json), :milliseconds, :error, false, CAST(:at AS timestamptz)
        FROM gone
    ),
    locked AS MATERIALIZED (
        SELECT scope, totals.key, totals.month, gone.worst FROM totals, gone
        WHERE scope = 'issue' AND gone.issue <> 0 AND totals.month = ''
                AND key = gone.repository_id || '#' || gone.issue
            OR scope = 'repository' AND key = CAST(gone.repository_id AS text) AND totals.month = gone.month
            OR scope = 'installation' AND key = CAST(gone.installation_id AS text) AND totals.month = gone.month
            OR scope = 'operator' AND key = '' AND totals.month = gone.month
        ORDER BY {totals.ORDER} FOR UPDATE OF totals
    )
    UPDATE totals SET spent = totals.spent + coalesce(CAST(:usd AS bigint), locked.worst),
        reserved = totals.reserved - locked.worst
    FROM locked
    WHERE totals.scope = locked.scope AND totals.key = locked.key AND totals.month = locked.month
    RETURNING 1
    """  # noqa: S608 - constants, see above
).bindparams(bindparam("usd", type_=Usd), bindparam("at", type_=Utc), bindparam("error", type_=Words))


def reserve(connection: Connection, wanted: Sequence[Scope], row: Mapping[str, Any], caps: Caps, owner: str) -> bool:
    """Set the reservation `row` aside if the gate is open, the books are there, and it fits under all caps."""
    parameters = {
        **row,
        **totals.parameters(wanted),
        "issue_number": row["issue"],
        "wanted": len(wanted),
        "switch": STOP_SPENDING,
        "owner": owner,
        "issue_cap": caps.issue,
        "repository_cap": caps.repository_month,
        "installation_cap": caps.installation_month,
        "operator_cap": caps.operator_month,
    }
    return bool(connection.execute(_RESERVE, parameters).all())


def settle(connection: Connection, reservation_id: str, facts: Mapping[str, Any]) -> bool:
    """Book a charge with these columns in the place of its reservation, if that is still there and was enough."""
    return bool(connection.execute(_SETTLE, {"reservation": reservation_id, **facts}).all())
