"""Which customer has which plan version."""
