"""Connectivity: rules to rows, rows to stores sorted by delay and target."""
