"""The CUDA target: source text for NVRTC."""
