"""What each command does, one file a subject; `driftline.cli` only reads the words."""
