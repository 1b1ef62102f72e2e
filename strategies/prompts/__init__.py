"""Every sentence that a model is told: one file each. What a tool or a test answers (its output, its errors) is not."""
