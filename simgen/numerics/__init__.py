"""Numpy mirrors of the host-and-device headers: Philox, portable math and distributions, bit for bit."""
