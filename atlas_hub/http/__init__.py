"""What every route shares: problems, paging, idempotency, bodies."""
