"""Metrics, entitlements, plans."""
