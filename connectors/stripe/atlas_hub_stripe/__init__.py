"""Stripe connector for Atlas Hub."""
