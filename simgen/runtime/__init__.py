"""Compiled programs in action: state, binding, chunks, caches."""
