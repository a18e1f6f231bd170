"""Channels: where notices go. One file or folder a kind."""

from __future__ import annotations

from collections.abc import Mapping

from driftline.channels.protocol import Channel, ChannelKind
from driftline.registry import parts

__all__ = ["Channel", "ChannelKind", "channel_kinds"]


def channel_kinds() -> Mapping[str, ChannelKind]:
    """Every kind of channel by name: of this folder and of other distributions."""
    return parts("driftline.channels", ChannelKind)
