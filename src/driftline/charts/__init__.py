"""Charts: pure Plotly figures over plain values. No files, network or clock.

Each function gives a `plotly.graph_objects.Figure` with a transparent background that reads on
light and on dark pages; nothing is told by colour alone. Texts that come from data (columns,
categories) are escaped, since Plotly reads a little HTML in its labels.
"""

from driftline.charts.distribution import distribution
from driftline.charts.heatmap import column_heatmap
from driftline.charts.lane import add_lane
from driftline.charts.look import DARK, LIGHT, NEUTRAL, template
from driftline.charts.trend import performance_trend
from driftline.charts.volume import volume

__all__ = [
    "DARK",
    "LIGHT",
    "NEUTRAL",
    "add_lane",
    "column_heatmap",
    "distribution",
    "performance_trend",
    "template",
    "volume",
]
