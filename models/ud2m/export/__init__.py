"""Export: step graphs for ONNX Runtime, their manifest, weights and golden files."""
