"""Configured accounts of connectors, their secrets and links."""
