"""Knowledge distillation and mutual learning (chapters 3.1.1 and 3.2.2)."""
