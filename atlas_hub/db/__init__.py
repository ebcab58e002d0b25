"""PostgreSQL: engine, sessions, ids, clock, migrations."""
