"""What the element makes of clips: degraded ones, Motion JPEG, and those of other codecs."""
