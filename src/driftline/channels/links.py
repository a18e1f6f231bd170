"""Addresses of pages of the dashboard, made in one place."""

from __future__ import annotations

from urllib.parse import quote


def incident_url(base: str, incident_id: str) -> str:
    """
    >>> incident_url("https://driftline.example.com", "3f a9")
    'https://driftline.example.com/incident?id=3f%20a9'
    """
    return f"{base.rstrip('/')}/incident?id={quote(incident_id, safe='')}"
