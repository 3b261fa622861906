"""Make a trained net smaller by taking filters out of it (chapter 2.1.5)."""
