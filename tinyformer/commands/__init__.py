"""What can be typed behind `python -m tinyformer`?  One command a file, and the table of their names."""
