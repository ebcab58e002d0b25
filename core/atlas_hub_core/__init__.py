"""The pure billing core of Atlas Hub."""
