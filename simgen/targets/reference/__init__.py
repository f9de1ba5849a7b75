"""The reference target: interprets the IR with numpy, plainly; the meaning of the IR."""
