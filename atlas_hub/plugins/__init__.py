"""Discovery and guarded loading of plugins; one typed method per hook."""
