"""Draws degradations for training and evaluation, apart from the operators that invert them."""
