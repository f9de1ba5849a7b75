"""Numpy mirrors of the host-and-device headers, bit for bit.

These are Philox, the portable math and the distributions.
"""
