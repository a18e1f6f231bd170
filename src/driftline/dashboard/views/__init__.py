"""One file a page; `draw()` draws it."""
