"""The report: one self-contained HTML page about any number of models. Values in, a string out.

Style, scripts and plotly.js are inside the page; opened, it asks nothing of any network.
"""

from driftline.illustrations import Distribution
from driftline.report.page import ModelPage
from driftline.report.render import render

__all__ = ["Distribution", "ModelPage", "render"]
