"""Degradations: operators that apply and invert them, generators that draw them, and the
observation of a frame.
"""
