"""API keys, actors, permissions, audit."""
