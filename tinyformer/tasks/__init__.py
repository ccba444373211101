"""A task: what is read, what is predicted, how it is measured.  One module each, opened when it is asked for."""
