"""The application that the corpus pretends to be part of."""
