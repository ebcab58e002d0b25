"""Events in, quantities out."""
