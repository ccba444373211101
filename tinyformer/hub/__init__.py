"""What does a published folder say?  config.json and the names of its tensors: theirs to ours, and back."""
