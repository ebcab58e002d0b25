"""The command `atlas-hub`."""
