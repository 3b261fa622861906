"""Data augmentation. Each operation first draws its random numbers (`sample`) and then applies them (`apply`), so that
a draw can be replayed, plotted and tested."""
