"""Bar charts, as Slack draws them, within its limits.

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from collections.abc import Mapping, Sequence

from bot.slack.blocks.pieces import Json
from bot.slack.blocks.text import one_line, shortened

#: The type of the block, which not every Slack knows.
CHART = "data_visualization"

#: Slack's limits: characters of a title and of a label, bars, and kinds of bar.
TITLE, LABEL, BARS, SERIES = 50, 20, 20, 6


def bars(
    title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]], across: str = ""
) -> Json:
    """A chart with so many kinds of bar for each label; labels that would be alike are numbered."""
    names = _apart([shortened(one_line(each).strip() or "–", LABEL) for each in labels[:BARS]])
    axis: Json = {"categories": names}
    if across:
        axis["x_label"] = shortened(across, TITLE)
    return {
        "type": CHART,
        "title": shortened(title, TITLE),
        "chart": {
            "type": "bar",
            "series": [
                {
                    "name": shortened(name, LABEL),
                    "data": [
                        {"label": label, "value": value}
                        for label, value in zip(names, values, strict=False)
                    ],
                }
                for name, values in list(series.items())[:SERIES]
            ],
            "axis_config": axis,
        },
    }


def _apart(labels: Sequence[str]) -> list[str]:
    """Each once: Slack finds a bar's place by its label."""
    found: list[str] = []
    for label in labels:
        name, number = label, 1
        while name in found:
            number += 1
            end = f" ({number})"
            name = f"{label[: LABEL - len(end)]}{end}"
        found.append(name)
    return found
