"""Which records make which table, and whether differences are significant."""
