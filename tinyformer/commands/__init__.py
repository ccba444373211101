"""What can be typed?  One command a file: its options, a dataclass, and `run`, which does what they say."""
