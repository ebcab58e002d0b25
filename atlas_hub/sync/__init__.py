"""Records that stand for each other: the hub's and a vendor's."""
