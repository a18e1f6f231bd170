"""Soon."""


def draw() -> None:
    """Nothing yet."""
