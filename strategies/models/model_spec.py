"""What has to be said to open a model: its name and, where the defaults do not do, how to reach and price it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """`model` is litellm's name: `anthropic/claude-haiku-5-5`; `openai/NAME` with `api_base` for a compatible server.

    Prices are USD per million tokens and replace the price table's. `timeout` is seconds for one answer; one that
    streams may take longer, but not be silent for `silence` seconds. `watch` is called while an answer is waited for
    and may raise, which breaks it off; `say` is told what was learned about the model.
    `max_output_tokens` None takes the model's own limit, at most 16,000. `supports_tools` None asks the table.
    `api_key` "" leaves it to the provider's usual environment variable. `provider` holds the provider's own parameters
    (`api_version`, `vertex_project`, `aws_region_name`, …), sent with every call. `priced_as` "" or the table's name of
    the model behind an alias (an Azure deployment, an inference profile). `images`: whether it is shown images.
    """

    model: str
    api_base: str = ""
    api_key: str = field(default="", repr=False)
    input_usd_per_million: Decimal | None = None
    output_usd_per_million: Decimal | None = None
    cached_input_usd_per_million: Decimal | None = None
    cache_write_usd_per_million: Decimal | None = None
    reasoning_effort: str | None = None
    max_output_tokens: int | None = None
    supports_tools: bool | None = None
    timeout: float = 600.0
    provider: Mapping[str, object] = field(default_factory=dict, repr=False)
    priced_as: str = ""
    images: bool = False
    silence: float = 600.0
    watch: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    say: Callable[[str], None] | None = field(default=None, repr=False, compare=False)
