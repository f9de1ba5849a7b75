"""Program to program: one optimisation a file, listed by name in the pipeline."""
