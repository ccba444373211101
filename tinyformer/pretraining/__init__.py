"""What does a model learn without labels?  Objectives, the settings of a run, its stages, and what it came to."""
