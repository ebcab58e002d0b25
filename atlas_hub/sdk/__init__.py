"""What a connector may import from the hub."""
