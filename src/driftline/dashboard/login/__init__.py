"""The login: a gate before everything of the dashboard, and sessions in signed cookies."""
