"""Invoices, one file per operation."""
