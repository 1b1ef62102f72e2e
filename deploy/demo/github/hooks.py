"""Webhooks out: signed as GitHub signs them, delivered over real HTTP by one thread, recorded for redelivery."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
import uuid
from typing import Any

import httpx

from deploy.demo.github.state import DemoDelivery, World, now

WAIT = 10.0  # seconds GitHub waits for an answer


def sign(secret: str, body: bytes) -> str:
    """Value of `X-Hub-Signature-256` (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class WebhookSender:
    """Delivers in order. Nothing is sent while `held` is True; `flush` waits until all was tried."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.held = False
        self._waiting: queue.Queue[DemoDelivery | None] = queue.Queue()
        self._thread = threading.Thread(target=self._deliver, name="stand-in-webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._waiting.put(None)
        self._thread.join(timeout=WAIT)

    def flush(self, seconds: float = 60.0) -> None:
        """Wait until every delivery was tried. Raises TimeoutError after `seconds`."""
        end = time.monotonic() + seconds
        while self._waiting.unfinished_tasks:
            if time.monotonic() > end:
                raise TimeoutError(f"{self._waiting.unfinished_tasks} deliveries still wait after {seconds} s")
            time.sleep(0.01)

    def send(self, event: str, payload: dict[str, Any], guid: str = "") -> DemoDelivery:
        """Record and queue one delivery; with `guid` it is a redelivery."""
        again = bool(guid)
        frozen = json.loads(json.dumps(payload))
        delivery = DemoDelivery(next(self.world.ids), guid or str(uuid.uuid4()), event, frozen, redelivery=again)
        self.world.deliveries.append(delivery)
        self._waiting.put(delivery)
        return delivery

    def _deliver(self) -> None:
        with httpx.Client(trust_env=False, timeout=WAIT) as client:
            while (delivery := self._waiting.get()) is not None:
                while self.held:
                    time.sleep(0.01)
                self._attempt(client, delivery)
                self._waiting.task_done()

    def _attempt(self, client: httpx.Client, delivery: DemoDelivery) -> None:
        app = self.world.app
        body = json.dumps(delivery.payload, separators=(",", ":")).encode()
        target = "integration"
        delivery.request_headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/standin",
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Hook-ID": str(app.id),
            "X-GitHub-Hook-Installation-Target-ID": str(app.id),
            "X-GitHub-Hook-Installation-Target-Type": target,
            "X-Hub-Signature-256": sign(app.webhook_secret, body),
        }
        started = time.monotonic()
        delivery.delivered = now()
        if not app.webhook_url:
            delivery.status, delivery.status_code = "no webhook address is set", 0
            return
        try:
            answer = client.post(app.webhook_url, content=body, headers=delivery.request_headers)
        except httpx.TimeoutException:
            delivery.status, delivery.status_code = "timed out", 504
        except httpx.TransportError as error:
            delivery.status, delivery.status_code, delivery.response_body = "failed to connect to host", 502, str(error)
        else:
            delivery.status_code = answer.status_code
            delivery.status = "OK" if answer.is_success else f"Invalid HTTP Response: {answer.status_code}"
            delivery.response_body = answer.text[:2000]
        delivery.seconds = time.monotonic() - started
