"""One file a page; `draw()` draws it.

The folder is not called pages: Streamlit would run its files by itself.
"""
