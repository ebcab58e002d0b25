"""Salesforce connector for Atlas Hub."""
