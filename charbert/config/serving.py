"""Settings of the HTTP service: address and limits."""

from dataclasses import dataclass, field
from ipaddress import ip_network

from charbert.config.checks import check_range
from charbert.errors import SettingsError


@dataclass
class ServeSettings:
    """HTTP service."""

    host: str = "127.0.0.1"
    """Address to listen on; the default is reachable only from this machine."""
    port: int = 8000
    """Port to listen on; 0: any free one."""
    allowed_hosts: list[str] = field(default_factory=list)
    """Host names that clients may use, in addition to the address itself and localhost."""
    trusted_proxies: list[str] = field(default_factory=list)
    """Addresses or networks of the reverse proxies in front of the service, e.g. 10.0.0.2 or 10.0.0.0/24. Where a
    connection comes from one of them X-Forwarded-For names the client; elsewhere it is ignored."""
    max_body_bytes: int = 262144
    """Maximum size of a request body; a larger one gets 413."""
    max_texts: int = 64
    """Maximum number of inputs per request; more get 422."""
    max_characters: int = 20000
    """Maximum length of a text; a longer one gets 422."""
    max_demo_characters: int = 2000
    """Maximum length of a text on the demo page, which reads each text four times."""
    max_connections: int = 128
    """Maximum number of connections, idle ones included; more are closed at once."""
    max_connections_per_client: int = 32
    """The same per client address, trusted proxies excepted."""
    max_open: int = 32
    """Maximum number of requests in progress or waiting; more get 503."""
    max_open_per_client: int = 16
    """The same per client address; more get 429."""
    timeout_seconds: float = 30.0
    """Maximum time from a request's last byte to its answer, waiting included; then it gets 504."""
    body_seconds: float = 10.0
    """Maximum time to receive a body; then the request gets 408. The same limit applies to the request's headers and to
    reading the answer; then the connection is closed."""
    batch_size: int = 16
    """Windows per forward pass; requests that ran out of time are dropped between passes."""

    def __post_init__(self) -> None:
        check_range("", self, "[1024, inf)", "max_body_bytes")
        check_range("", self, "[1, inf)", "max_texts", "max_characters", "max_demo_characters", "batch_size")
        check_range("", self, "[1, inf)", "max_connections", "max_connections_per_client")
        check_range("", self, "[1, inf)", "max_open", "max_open_per_client")
        check_range("", self, "(0, 3600]", "timeout_seconds", "body_seconds")
        check_range("", self, "[0, 65536)", "port")
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise SettingsError(
                    f"trusted_proxies takes IP addresses and networks, got {proxy!r} ({error}); write 10.0.0.2 or "
                    "10.0.0.0/24"
                ) from None
