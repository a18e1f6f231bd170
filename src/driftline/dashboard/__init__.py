"""The dashboard: Streamlit pages over the store, in the process and on the port of the service.

`application` makes the ASGI application; `views/` has one file a page. Importing this package loads
nothing heavy.
"""
