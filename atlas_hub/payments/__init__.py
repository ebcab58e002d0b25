"""Delivery of invoices to payment gateways."""
