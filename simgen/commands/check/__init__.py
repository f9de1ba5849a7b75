"""The sections of ``python -m simgen gpu-check``, each run in a process of its own."""
