"""Where programs run: one folder a target."""
