"""Hand-written headers that are the same for every model."""
