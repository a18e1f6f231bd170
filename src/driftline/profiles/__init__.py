"""Exact summaries that add: a reference fixes a grid per column, a window is counts on it."""
