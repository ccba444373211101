"""Where do examples come from?  Text from the disk, the noise put on it, and the batches made of it."""
