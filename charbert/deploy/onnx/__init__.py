"""Models as ONNX files, and at work as such."""
