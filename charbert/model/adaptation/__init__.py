"""What changes a pretrained model for a task: adapters, dropout, new layers, smaller students."""
