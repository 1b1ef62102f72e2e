"""Which family a model belongs to: models of one family err alike, so a second opinion comes from another. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "claude": ("claude", "anthropic"),
    "gpt": ("gpt", "chatgpt", "codex", "davinci", "o1", "o3", "o4"),
    "gemini": ("gemini", "gemma", "palm"),
    "deepseek": ("deepseek",),
    "qwen": ("qwen", "qwq"),
    "minimax": ("minimax", "abab"),
    "mistral": ("mistral", "mixtral", "codestral", "devstral", "magistral", "ministral", "pixtral"),
    "llama": ("llama", "codellama"),
    "glm": ("glm", "chatglm"),
    "kimi": ("kimi", "moonshot"),
    "command": ("command", "cohere", "aya"),
    "nova": ("nova",),
    "phi": ("phi",),
}
"""Families by the words that their models' names begin with."""

_OF_WORD = {word: family for family, words in FAMILIES.items() for word in words}
_WORD = re.compile(r"[-_.:@]")
_LAST = re.compile(r"[-_.:@]|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")


def family_of(model: str) -> str:
    """The family of a litellm name such as `openrouter/qwen/qwen3-coder` or `bedrock/eu.anthropic.claude-opus-5-5`.

    The model's own name counts before its maker's, and a maker's before the provider's: a deployment of a gpt model at
    Azure is a gpt. A name that the table does not know is its own family by its first word; "" for no name at all.
    """
    parts = [part for part in model.strip().lower().split("/") if part]
    for part in reversed(parts):
        for word in (*_WORD.split(part), *_LAST.split(part)):  # `o3` is a word, and so is the `qwen` of `qwen3`
            if word in _OF_WORD:
                return _OF_WORD[word]
    return next((word for word in _LAST.split(parts[-1]) if word.isalpha()), parts[-1]) if parts else ""
