"""The log: predictions and labels that were sent to the service.

What is accepted is first written to the journal, a table of the store, by one transaction for all
requests that come together; after that the sender has its answer. A mover takes rows on from the
journal into Delta Lake tables, each exactly once.
"""
