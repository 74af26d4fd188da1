"""Settings of the service: where it listens, and what it takes from a client."""

from __future__ import annotations

from dataclasses import dataclass, field

from charbert.errors import SettingsError

_SMALLEST = {
    "max_body_bytes": 1024,
    "max_texts": 1,
    "max_characters": 1,
    "max_connections": 1,
    "max_open": 1,
    "max_open_per_client": 1,
    "max_demo_characters": 1,
    "batch_size": 1,
}


@dataclass
class ServeSettings:
    """How models are served over HTTP."""

    host: str = "127.0.0.1"
    """Address to listen on; the default is reached from this machine alone."""
    port: int = 8000
    """Port to listen on; 0: any free one."""
    allowed_hosts: list[str] = field(default_factory=list)
    """Names by which clients may call the service, beside the address itself and localhost."""
    max_body_bytes: int = 262144
    """Longest body of a request; a longer one gets 413."""
    max_texts: int = 64
    """Most inputs of a request; more get 422."""
    max_characters: int = 20000
    """Longest text; a longer one gets 422."""
    max_demo_characters: int = 2000
    """Longest text on the page, where a text is read four times over."""
    max_connections: int = 128
    """Most connections, silent ones too; more are closed at once."""
    max_open: int = 32
    """Most requests that are being answered or wait for it; more get 503."""
    max_open_per_client: int = 16
    """The same of one address; more get 429."""
    timeout_seconds: float = 30.0
    """Longest time from a request's last byte to its answer, waiting included; then it gets 504."""
    body_seconds: float = 10.0
    """Longest time in which a client may send a body; then it gets 408. As long again it may take for the head of a
    request, and to read the answer; then the connection is closed."""
    batch_size: int = 16
    """Windows in a forward pass; between passes a request that ran out of time is given up."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name, smallest in _SMALLEST.items():
            if getattr(self, name) < smallest:
                raise SettingsError(f"{name} must be at least {smallest}, got {getattr(self, name)}")
        for name in ("timeout_seconds", "body_seconds"):
            if not 0 < getattr(self, name) <= 3600:
                raise SettingsError(f"{name} must be in (0, 3600], got {getattr(self, name)}")
        if not 0 <= self.port < 65536:
            raise SettingsError(f"port must be in [0, 65536), got {self.port}")
