"""The kernel language: typed expressions, statements, kernels and programs."""
