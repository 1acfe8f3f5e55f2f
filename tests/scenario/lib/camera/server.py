# SPDX-License-Identifier: Apache-2.0
"""Fake cameras: one asyncio loop in a background thread serves all cameras of a scenario.

`House` is the loop; `Camera` is one camera with its port. Tests read a camera's attributes (`requests`, `sessions`, …)
and call `stop`, `start` and `change`; everything else happens on the loop.
"""

import asyncio
import socket
import ssl
import threading

from .auth import Guard
from .connection import Connection
from .plan import Plan


class House:
    """The loop on which cameras live. Used as a context; leaving it ends all of them."""

    def __init__(self, plans=()):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.cameras = {}
        for plan in plans:
            self.add(plan)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, coroutine):
        """Runs a coroutine on the loop and waits for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def add(self, plan, hooks=None, certificate=None):
        """A camera of this plan, listening when this returns."""
        camera = Camera(self, plan if isinstance(plan, Plan) else Plan(plan), hooks, certificate)
        self.cameras[camera.plan.name] = camera
        return camera.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for camera in self.cameras.values():
            camera.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


class Camera:
    """One camera. hooks: method -> async function(connection, request) that answers in the plan's place."""

    def __init__(self, house, plan, hooks=None, certificate=None):
        self.house, self.plan, self.hooks = house, plan, hooks or {}
        self.certificate = certificate  # (certificate file, key file): speaks TLS
        self.host, self.port = plan.host, 0
        self.guard = Guard(plan.auth)
        self.requests = []        # of all connections, as they came
        self.sessions = {}        # by id, the live ones
        self.ended = []           # how each session ended: "teardown", "closed", "expired", "stopped"
        self.connections = set()
        self.accepted = 0
        self.tunnels = {}         # x-sessioncookie -> Connection of the GET
        self.reports = []         # RTCP that came back
        self.punches = 0
        self.plays = 0            # sessions that began to play
        self.asked = {}           # method -> how often
        self.next_session = 0
        self.free_at = 0.0        # when a new session is taken again
        self._server = None
        self._kept = None         # the port while nobody listens on it, so that no other camera gets it

    def start(self):
        """Listens, on the port that it had before if there was one."""
        self.house.call(self._start())
        return self

    async def _start(self):
        context = None
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
        if self._kept:
            self._kept.close()
            self._kept = None
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=context, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.accepted += 1
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
            connection.end("closed")

    def stop(self):
        """Power off: the port is closed, and so are all connections, by a reset."""
        self.house.call(self._stop())

    async def _stop(self):
        if self._server:
            family, address = self._server.sockets[0].family, self._server.sockets[0].getsockname()
            self._server.close()
            self._server = None
            self._kept = socket.socket(family)
            self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._kept.bind(address)
        for connection in list(self.connections):
            connection.end("stopped")
            connection.writer.transport.abort()
        await asyncio.sleep(0)

    def hang_up(self):
        """Closes all connections; the camera goes on listening."""
        async def close():
            for connection in list(self.connections):
                connection.end("stopped")
                connection.writer.transport.abort()
        self.house.call(close())

    def change(self, **patch):
        """Another plan from the next session on."""
        self.plan = self.plan.changed(**patch)
        self.guard = Guard(self.plan.auth)
        return self

    def restart(self, **patch):
        """Off, and on again with another plan."""
        self.stop()
        return self.change(**patch).start()

    def become(self, plan):
        """Off, and on again as a camera of another plan."""
        self.stop()
        self.plan, self.guard = plan, Guard(plan.auth)
        return self.start()

    @property
    def address(self):
        """host:port as URLs have it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self):
        """The URL that the node is given, with credentials when the plan has some."""
        login = f"{self.plan.auth['user']}:{self.plan.auth['password']}@" if self.plan.auth else ""
        return f"{self.plan.scheme}://{login}{self.address}{self.plan.url_path or self.plan.path}"

    def methods(self):
        """The methods that were asked, in order."""
        return [request.method for request in list(self.requests)]

    def playing(self):
        """Sessions that send now."""
        return [session for session in list(self.sessions.values()) if session.playing]

    def pictures_sent(self):
        """The number of the picture that the newest session sends next."""
        playing = self.playing()
        return playing[-1].tracks[0].index if playing else 0
