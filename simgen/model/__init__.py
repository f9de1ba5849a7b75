"""Syntax to checked models: names resolved, dimensions proved, types fixed."""
