"""The steps, each with a way back."""
