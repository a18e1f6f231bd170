"""The script that Streamlit runs for every page and every visitor."""

from driftline.dashboard.navigation import run

if __name__ == "__main__":
    run()
