"""Every picture and widget of the notebooks."""
