"""Charges, invoices, the billing run."""
