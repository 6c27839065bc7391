"""The API's server: HTTP and JSON over a Unix socket. Whoever may open it may read; root and ourselves may change."""

import asyncio
import logging
import os
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from ipaddress import IPv4Address
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec
from aiohttp import web

from mobileip.control.feed import Feed
from mobileip.control.packet_feed import PacketFeed
from mobileip.control.schema import (
    AgentView,
    BindingView,
    DoctorView,
    DoneView,
    EngineView,
    ErrorView,
    HandoverView,
    LinkView,
    LostView,
    RegistrationView,
    RevokedView,
    StatusView,
    TrafficView,
    TunnelView,
    VisitorView,
)

SOCKET_MODE = 0o660
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LINK_ACTIONS = ("handover", "prefer", "leaving", "staying")
"""What can be said of one link."""
ACTIONS_WITHOUT_LINK = {"handover/auto": "handover", "prefer/none": "prefer", "resumed": "resumed"}
"""Path -> what is said of none in particular."""
VIEWS_AT_ONCE = 1000
HEARTBEAT_SECONDS = 15.0
"""A comment line in a silent event stream, so that both ends notice a dead peer."""
_CREDENTIALS = struct.Struct("=3i")
_EVENT_NUMBER = re.compile("[0-9]{1,18}")
LOOK_SECONDS = 0.5
"""How soon packets are copied no more for a reader that is gone."""
LOGGER = logging.getLogger("mobileip.control")


class Backend(Protocol):
    """What a daemon offers to the API."""

    def status(self) -> StatusView: ...
    def bindings(self) -> list[BindingView]: ...
    def visitors(self) -> list[VisitorView]: ...
    def agents(self) -> list[AgentView]: ...
    def registration(self) -> RegistrationView | None: ...
    def engine(self) -> EngineView: ...
    async def choose_engine(self, name: str) -> EngineView | ErrorView:
        """auto | ebpf | userspace, from now on; an error when it can't be had, or is none (code `usage`)."""
        ...

    def links(self) -> list[LinkView]: ...
    def handovers(self) -> list[HandoverView]:
        """The latest, oldest first."""
        ...

    def metrics(self) -> str:
        """In Prometheus' text format."""
        ...

    def link_command(self, action: str, interface: str | None) -> ErrorView | None:
        """handover | prefer | leaving | staying; without an interface handover | prefer | resumed. An error when there
        is no such link."""
        ...

    def tunnels(self, *, idle: bool = False) -> Iterable[TunnelView]:
        """Those that something has passed through, or (`idle`) all. There may be a million."""
        ...

    def traffic(self) -> TrafficView: ...
    async def doctor(self) -> DoctorView:
        """Takes a while: programs run for it."""
        ...

    def command(self, name: str) -> ErrorView | None:
        """register | deregister | restart | stop; an error when it can't be done."""
        ...

    def clear(self, name: str, home_address: IPv4Address) -> RevokedView | ErrorView:
        """Ends what of `name` (bindings | visitors) has that home address; an error when there is nothing."""
        ...


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlServer:
    def __init__(self, path: Path, backend: Backend, feed: Feed, packets: PacketFeed) -> None:
        self._path = path
        self._packet_feed = packets
        self._backend = backend
        self._feed = feed
        application = web.Application(middlewares=[_errors])
        for name in (
            "status",
            "bindings",
            "visitors",
            "agents",
            "registration",
            "traffic",
            "engine",
            "links",
            "handovers",
        ):
            application.router.add_get(f"/v1/{name}", self._shower(name))
        application.router.add_get("/v1/tunnels", self._tunnels)
        application.router.add_get("/v1/doctor", self._doctor)
        application.router.add_get("/v1/metrics", self._metrics)
        application.router.add_get("/v1/events", self._events)
        application.router.add_get("/v1/packets", self._packets)
        for name in ("register", "deregister", "restart", "stop"):
            application.router.add_post(f"/v1/{name}", self._commander(name))
        application.router.add_post("/v1/engine/{name}", self._choose_engine)
        for action in LINK_ACTIONS:
            application.router.add_post(f"/v1/links/{{interface}}/{action}", self._link_commander(action))
        for words, action in ACTIONS_WITHOUT_LINK.items():
            application.router.add_post(f"/v1/{words}", self._link_commander(action))
        for name in ("bindings", "visitors"):
            application.router.add_delete(f"/v1/{name}/{{home_address}}", self._clearer(name))
        # Event streams never end by themselves: a stop must not wait for them.
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    async def start(self) -> None:
        """Raises: OSError when the socket can't be made."""
        await self._runner.setup()
        self._path.unlink(missing_ok=True)
        await web.UnixSite(self._runner, str(self._path)).start()
        self._path.chmod(SOCKET_MODE)

    async def stop(self) -> None:
        await self._runner.cleanup()
        self._path.unlink(missing_ok=True)

    def _shower(self, name: str) -> Handler:
        async def show(_: web.Request) -> web.StreamResponse:
            view = getattr(self._backend, name)()
            if view is None:
                return _error(404, ErrorView(code="not_found", message=f"this daemon has no {name}"))
            return _json(200, view)

        return show

    def _commander(self, name: str) -> Handler:
        async def command(request: web.Request) -> web.StreamResponse:
            _require_right_to_change(request)
            error = self._backend.command(name)
            return _json(200, DoneView(done=name)) if error is None else _error(409, error)

        return command

    def _link_commander(self, action: str) -> Handler:
        async def command(request: web.Request) -> web.StreamResponse:
            _require_right_to_change(request)
            error = self._backend.link_command(action, request.match_info.get("interface"))
            return _json(200, DoneView(done=action)) if error is None else _error(404, error)

        return command

    def _clearer(self, name: str) -> Handler:
        async def clear(request: web.Request) -> web.StreamResponse:
            _require_right_to_change(request)
            try:
                home_address = IPv4Address(request.match_info["home_address"])
            except ValueError as error:
                return _error(400, ErrorView(code="usage", message=str(error), hint="a home address is expected"))
            result = self._backend.clear(name, home_address)
            return _error(404, result) if isinstance(result, ErrorView) else _json(200, result)

        return clear

    async def _choose_engine(self, request: web.Request) -> web.StreamResponse:
        _require_right_to_change(request)
        result = await self._backend.choose_engine(request.match_info["name"])
        if isinstance(result, ErrorView):
            return _error(400 if result.code == "usage" else 409, result)
        return _json(200, result)

    async def _tunnels(self, request: web.Request) -> web.StreamResponse:
        views = iter(self._backend.tunnels(idle=request.query.get("idle") == "true"))
        parts = []
        while some := list(islice(views, VIEWS_AT_ONCE)):
            parts.append(msgspec.json.encode(some)[1:-1])
            await asyncio.sleep(0)  # the daemon has other things to do
        return web.Response(body=b"[%b]" % b",".join(parts), content_type="application/json")

    async def _doctor(self, _: web.Request) -> web.StreamResponse:
        return _json(200, await self._backend.doctor())

    async def _metrics(self, _: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": METRICS_TYPE}
        return web.Response(body=self._backend.metrics().encode(errors="surrogateescape"), headers=headers)

    async def _packets(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, each a PacketView or a LostView; what a slow reader has no room for is lost to it."""
        _require_right_to_change(request)  # whoever may see others' packets may do anything to them
        response = _stream()
        with self._packet_feed.listen() as packets, suppress(ConnectionError):
            await response.prepare(request)
            silent = 0.0
            while not _is_gone(request):
                try:
                    some, lost = await asyncio.wait_for(packets.take(), LOOK_SECONDS)
                except TimeoutError:
                    silent += LOOK_SECONDS
                    if silent >= HEARTBEAT_SECONDS:
                        silent = 0.0
                        await response.write(b":\n\n")
                    continue
                silent = 0.0
                if lost:
                    some.append(msgspec.json.encode(LostView(lost=lost)))
                await response.write(b"".join(b"data: %b\n\n" % one for one in some))
        return response

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; `Last-Event-ID: 0` begins with the oldest that is kept."""
        response = _stream()
        # Listening begins before the headers leave: whoever has an answer misses nothing that happens from there on.
        with self._feed.listen(_last_event(request)) as events, suppress(ConnectionError):  # a reader that goes away
            await response.prepare(request)
            while True:
                try:
                    number, octets = await asyncio.wait_for(events.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    await response.write(b":\n\n")
                else:
                    await response.write(b"id: %d\ndata: %b\n\n" % (number, octets))
        return response


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal in the one form of the schema; a fault of ours too, which goes to the log as well."""
    try:
        return await handler(request)
    except _Forbidden:
        message = "only root and the daemon's own user may change anything"
        return _error(403, ErrorView(code="forbidden", message=message, hint="use sudo"))
    except web.HTTPException as error:
        return _error(error.status, ErrorView(code="usage", message=f"{request.method} {request.path}: {error.reason}"))
    except ConnectionError:
        raise  # whoever asked is gone: there is nobody to tell
    except Exception as error:
        LOGGER.exception("request_failed", extra={"fields": {"request": f"{request.method} {request.path}"}})
        return _error(
            500, ErrorView(code="failed", message=f"a fault in the daemon: {type(error).__name__}", hint="see its log")
        )


def _is_gone(request: web.Request) -> bool:
    """Whether the client has closed its end: what is done for it alone can stop at once."""
    return request.transport is None or request.transport.is_closing()


def _stream() -> web.StreamResponse:
    return web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})


def _last_event(request: web.Request) -> int | None:
    """Number of the last event that the client has; None, only new ones, where it says none."""
    last = request.headers.get("Last-Event-ID", "")
    return int(last) if _EVENT_NUMBER.fullmatch(last) else None


def _json(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")


def _error(status: int, error: ErrorView) -> web.Response:
    return _json(status, {"error": error})


class _Forbidden(Exception):
    """A change that whoever asks for it may not make."""


def _require_right_to_change(request: web.Request) -> None:
    """Raises: `_Forbidden`."""
    if _peer_user(request) not in (0, os.geteuid()):
        raise _Forbidden


def _peer_user(request: web.Request) -> int:
    """User id of the process at the other end (SO_PEERCRED)."""
    transport = request.transport
    peer = transport.get_extra_info("socket") if transport is not None else None
    if peer is None:
        return -1
    return int(_CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1])
