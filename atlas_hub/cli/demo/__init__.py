"""`atlas-hub demo`: the main job end to end, told as it happens."""
