"""Money: budgets, the ledger, one job's account, reports."""
