"""Durable work: rows in PostgreSQL; arq only rings the bell."""
