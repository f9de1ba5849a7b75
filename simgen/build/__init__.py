"""Checked models to a program of kernels and a schedule."""
