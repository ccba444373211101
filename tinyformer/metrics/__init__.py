"""How good is it, as a number?  The official figures, one a file, and how much of a figure is luck."""
