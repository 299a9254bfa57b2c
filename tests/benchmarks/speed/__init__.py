"""Speed: time to a stated test accuracy, ours beside tuned surrogate gradients. Run ``python -m tests.benchmarks.speed``."""
