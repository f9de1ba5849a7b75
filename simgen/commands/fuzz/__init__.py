"""``python -m simgen fuzz``: random models and texts, and what must hold for all of them."""
