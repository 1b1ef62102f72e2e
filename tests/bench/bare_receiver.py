"""`python -m tests.bench.bare_receiver PORT`: the yardstick, a FastAPI route that verifies and stores nothing."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

from tests.fakes.github_delivery import SECRET
from webhook.signature import verified

app = FastAPI()


@app.post("/webhooks/github")
async def receive(request: Request) -> Response:
    good = verified([SECRET], await request.body(), request.headers.get("x-hub-signature-256", ""))
    return Response(status_code=202 if good else 401)


@app.get("/healthz")
async def healthz() -> Response:
    return Response("ok")


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
