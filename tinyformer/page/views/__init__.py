"""What can be looked at?  One view a file; the table of them stands one room above."""
