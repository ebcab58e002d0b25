"""Who pays, and the people there."""
