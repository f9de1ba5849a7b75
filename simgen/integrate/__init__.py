"""Differential equations to update statements; SymPy begins and ends here."""
