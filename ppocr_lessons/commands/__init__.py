"""The commands of `ppocr-lessons`, one module for each group of them; cli.py registers them."""
