"""A fine-tuned model at work: answers, exports, smaller models, a service."""
