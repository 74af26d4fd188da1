"""Settings of training, adaptation, distillation and several tasks."""
