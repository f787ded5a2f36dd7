"""FlexAttention-LLaVA trainer in plain PyTorch: one model file, one data file, one visible loop."""
