"""Text to syntax: expressions, statements and equations, each node with its place in the text."""
