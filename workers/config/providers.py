"""What each model provider wants to know of its user: which variables hold its key, and which parameters it takes.

The names are litellm's and the providers' own (their pages in litellm's documentation). A provider that is not listed
wants `<PROVIDER>_API_KEY`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of litellm's parameters for a provider, and the variables that may hold it. `needed`: no call works without;
    `example` is what a person might write."""

    name: str
    variables: tuple[str, ...] = ()
    needed: bool = False
    example: str = ""


Identified = Literal["key", "key or identity", "identity", "nothing"]


@dataclass(frozen=True, slots=True)
class Provider:
    """`identified`: by a key; by a key or else in the way that `identity` says; never by a key alone; not at all (a
    key is sent where there is one). `package` is the module that litellm imports for it."""

    keys: tuple[str, ...]
    identified: Identified = "key"
    parameters: tuple[Parameter, ...] = ()
    identity: tuple[str, ...] = ()
    package: str = ""


_AWS = Provider(
    keys=("AWS_BEARER_TOKEN_BEDROCK",),
    identified="identity",
    parameters=(
        Parameter("aws_region_name", ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"), example="us-east-1"),
        Parameter("aws_access_key_id", ("AWS_ACCESS_KEY_ID",)),
        Parameter("aws_secret_access_key", ("AWS_SECRET_ACCESS_KEY",)),
        Parameter("aws_session_token", ("AWS_SESSION_TOKEN",)),
        Parameter("aws_profile_name", ("AWS_PROFILE_NAME", "AWS_PROFILE")),
        Parameter("aws_role_name", ("AWS_ROLE_NAME",)),
        Parameter("aws_session_name", ("AWS_SESSION_NAME",)),
        Parameter("aws_web_identity_token", ("AWS_WEB_IDENTITY_TOKEN",)),
        Parameter("aws_bedrock_runtime_endpoint", ("AWS_BEDROCK_RUNTIME_ENDPOINT",)),
    ),
    package="boto3",
)
_VERTEX = Provider(
    keys=(),
    identified="identity",
    parameters=(
        Parameter("vertex_project", ("VERTEXAI_PROJECT", "VERTEX_PROJECT"), example="my-project"),
        Parameter("vertex_location", ("VERTEXAI_LOCATION", "VERTEX_LOCATION"), example="us-east5"),
        Parameter("vertex_credentials", ("VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS")),
    ),
    package="google.auth",
)
_AZURE = Provider(
    keys=("AZURE_API_KEY", "AZURE_OPENAI_API_KEY"),
    identified="key or identity",
    parameters=(
        Parameter("api_base", ("AZURE_API_BASE",), needed=True, example="https://NAME.openai.azure.com"),
        Parameter("api_version", ("AZURE_API_VERSION",), example="2024-10-21"),
        Parameter("azure_ad_token", ("AZURE_AD_TOKEN",)),
        Parameter("tenant_id", ("AZURE_TENANT_ID",)),
        Parameter("client_id", ("AZURE_CLIENT_ID",)),
        Parameter("client_secret", ("AZURE_CLIENT_SECRET",)),
        Parameter("azure_username", ("AZURE_USERNAME",)),
        Parameter("azure_password", ("AZURE_PASSWORD",)),
        Parameter("azure_scope", ("AZURE_SCOPE",)),
    ),
    identity=("azure_ad_token", "client_secret", "azure_password"),
)


def _local(variable: str, *keys: str, needed: bool = False, example: str = "") -> Provider:
    """A server of one's own: an address, and seldom a key."""
    return Provider(keys, "nothing", (Parameter("api_base", (variable,), needed=needed, example=example),))


_OLLAMA = _local("OLLAMA_API_BASE", "OLLAMA_API_KEY", example="http://localhost:11434")
PROVIDERS: Mapping[str, Provider] = {
    "azure": _AZURE,
    "azure_text": _AZURE,
    "azure_ai": Provider(
        ("AZURE_AI_API_KEY",), "key or identity",
        (Parameter("api_base", ("AZURE_AI_API_BASE",), needed=True, example="https://NAME.services.ai.azure.com"),
         *_AZURE.parameters[1:]), _AZURE.identity,
    ),
    "bedrock": _AWS,
    "bedrock_converse": _AWS,
    "bedrock_mantle": _AWS,
    "sagemaker": _AWS,
    "sagemaker_chat": _AWS,
    "vertex_ai": _VERTEX,
    "vertex_ai_beta": _VERTEX,
    "gemini": Provider(("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    "ollama": _OLLAMA,
    "ollama_chat": _OLLAMA,
    "hosted_vllm": _local("HOSTED_VLLM_API_BASE", "HOSTED_VLLM_API_KEY", needed=True, example="http://localhost:8000/v1"),
    "vllm": _local("HOSTED_VLLM_API_BASE", "HOSTED_VLLM_API_KEY"),
    "lm_studio": _local("LM_STUDIO_API_BASE", "LM_STUDIO_API_KEY", needed=True, example="http://localhost:1234/v1"),
    "llamafile": _local("LLAMAFILE_API_BASE", "LLAMAFILE_API_KEY", example="http://127.0.0.1:8080/v1"),
    "xinference": _local("XINFERENCE_API_BASE", "XINFERENCE_API_KEY", example="http://127.0.0.1:9997/v1"),
    "docker_model_runner": _local("DOCKER_MODEL_RUNNER_API_BASE", "DOCKER_MODEL_RUNNER_API_KEY"),
    "oobabooga": _local("OOBABOOGA_API_BASE", "OOBABOOGA_API_KEY", needed=True, example="http://localhost:5000"),
    "triton": _local("TRITON_API_BASE", needed=True, example="http://localhost:8000"),
    "litellm_proxy": _local(
        "LITELLM_PROXY_API_BASE", "LITELLM_PROXY_API_KEY", needed=True, example="http://localhost:4000"
    ),
    "github_copilot": Provider((), "nothing"),
    "openai": Provider(
        ("OPENAI_API_KEY",),
        parameters=(
            Parameter("api_base", ("OPENAI_BASE_URL", "OPENAI_API_BASE")),
            Parameter("organization", ("OPENAI_ORGANIZATION", "OPENAI_ORG_ID")),
        ),
    ),
    "anthropic": Provider(
        ("ANTHROPIC_API_KEY",),
        parameters=(Parameter("api_base", ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL")),),
    ),
    "openrouter": Provider(
        ("OPENROUTER_API_KEY", "OR_API_KEY"), parameters=(Parameter("api_base", ("OPENROUTER_API_BASE",)),)
    ),
    "together_ai": Provider(
        ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHER_AI_TOKEN")
    ),
    "fireworks_ai": Provider(
        ("FIREWORKS_AI_API_KEY", "FIREWORKS_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN")
    ),
    "perplexity": Provider(("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY")),
    "cohere": Provider(("COHERE_API_KEY", "CO_API_KEY")),
    "cohere_chat": Provider(("COHERE_API_KEY", "CO_API_KEY")),
    "huggingface": Provider(("HF_TOKEN", "HUGGINGFACE_API_KEY")),
    "ai21_chat": Provider(("AI21_API_KEY",)),
    "lambda_ai": Provider(("LAMBDA_API_KEY",)),
    "meta_llama": Provider(("LLAMA_API_KEY",)),
    "friendliai": Provider(("FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN")),
    "volcengine": Provider(("VOLCENGINE_API_KEY", "ARK_API_KEY")),
    "nvidia_riva": Provider(("NVIDIA_RIVA_API_KEY", "NVIDIA_NIM_API_KEY")),
    "qwencloud": Provider(("DASHSCOPE_API_KEY",)),
    "qwen_ai_platform": Provider(("DASHSCOPE_API_KEY",)),
    "watsonx": Provider(
        ("WATSONX_API_KEY", "WATSONX_APIKEY", "WX_API_KEY"), "key or identity",
        (Parameter("api_base", ("WATSONX_URL", "WATSONX_API_BASE", "WX_URL"), needed=True,
                   example="https://us-south.ml.cloud.ibm.com"),
         Parameter("project_id", ("WATSONX_PROJECT_ID", "WX_PROJECT_ID")),
         Parameter("token", ("WATSONX_TOKEN", "WX_TOKEN"))), ("token",),
    ),
    "databricks": Provider(
        ("DATABRICKS_API_KEY", "DATABRICKS_TOKEN"), "key or identity",
        (Parameter("api_base", ("DATABRICKS_API_BASE",), needed=True,
                   example="https://HOST.cloud.databricks.com/serving-endpoints"),),
    ),
}  # fmt: skip

PARAMETERS = frozenset(p.name for one in PROVIDERS.values() for p in one.parameters) | {"base_model", "extra_headers"}
"""What a `[tiers.provider]` usually holds."""
OURS = {
    "model": "`model` of the tier",
    "api_key": "`api_key_env` of the tier, the NAME of the variable that holds it",
    "api_base": "`api_base` of the tier",
    "base_url": "`api_base` of the tier",
    "temperature": "`temperature` of the tier",
    "reasoning_effort": "`reasoning_effort` of the tier",
    "max_tokens": "`max_output_tokens` of the tier",
    "max_completion_tokens": "`max_output_tokens` of the tier",
    "timeout": "`timeout_seconds` of the tier",
}
"""litellm's parameters that a tier has a key of its own for."""
REFUSED = frozenset({
    "messages", "tools", "tool_choice", "functions", "function_call", "stream", "stream_options", "n", "num_retries",
    "max_retries", "fallbacks", "context_window_fallback_dict", "mock_response", "mock_tool_calls", "mock_timeout",
    "caching", "cache", "no-log", "metadata", "litellm_params", "litellm_logging_obj", "custom_llm_provider",
    "input_cost_per_token", "output_cost_per_token", "model_list", "logger_fn", "verbose", "acompletion", "client",
    "shared_session", "guardrails", "response_format", "logprobs", "top_logprobs", "stop", "modalities", "audio",
    "web_search_options", "drop_params", "ssl_verify", "hf_model_name", "custom_prompt_dict", "callbacks",
})  # fmt: skip
"""What Pennyfix decides itself, or what would change what a call costs or whether it is made."""
SECRET_ENDINGS = ("_key", "_token", "_secret", "_password", "password", "token", "secret")
_NOT_SECRET = ("vertex_credentials",)


def provider_of(model: str) -> str:
    """The provider's name in a litellm model: what stands before the first slash, "openai" without one."""
    return model.partition("/")[0] if "/" in model else "openai"


def needs_of(provider: str) -> Provider:
    """What a provider wants to know."""
    usual = Provider((f"{provider.upper().replace('-', '_')}_API_KEY",))
    return PROVIDERS.get(provider, usual)


def parameter_problem(name: str, value: object) -> tuple[str, str] | None:
    """Why `[tiers.provider]` may not hold this, and what to do instead; None when it may."""
    if name in OURS:
        return "is a key of the tier itself", f"write {OURS[name]}"
    if name in REFUSED:
        return "is not the provider's: Pennyfix decides it", "remove it"
    if name.lower().endswith(SECRET_ENDINGS) and name not in _NOT_SECRET and not isinstance(value, dict):
        return "is a secret, which does not belong into this file", "set the provider's variable in the environment"
    return None
