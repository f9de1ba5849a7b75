"""The CPU target: C++ through the system compiler."""
