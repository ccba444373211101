"""What are the experiments made of?  Their texts, their scores, and what the tour shows on its way."""
