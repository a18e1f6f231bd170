"""Models and what was found of their windows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from driftline.errors import Rejected, nearest
from driftline.service.answer import window_answer
from driftline.service.api.access import Caller
from driftline.service.api.problems import documented
from driftline.settings.models import ModelSettings, Settings
from driftline.stores import Store
from driftline.windows import format_duration, iso, parse_moment
