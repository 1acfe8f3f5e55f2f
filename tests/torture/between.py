# SPDX-License-Identifier: Apache-2.0
"""A go-between for TCP that makes a bad network of a good one: slow, in slices, stalled, cut, half closed, refused.

Runs on an event loop of its own in a background thread; every method may be called from the test at any time.
"""

import asyncio
import socket
import struct
import threading

PIECE = 65536


class Between:
    """Listens on a free port of 127.0.0.1 and passes on to `target`, (host, port)."""

    def __init__(self, target):
        self.target = target
        self.rate = None      # bytes a second from the target to the client; None: as fast as it goes
        self.slice = PIECE    # bytes of one write
        self.stalled = False  # nothing passes, in neither direction
        self.accepted = 0
        self._pairs = set()   # (client writer, target writer)
        self._server = None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()
        self.port = 0
        self._call(self._listen())

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def _listen(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=PIECE)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.accepted += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target, limit=PIECE)
        except OSError:
            writer.transport.abort()
            return
        for one in (writer, far_writer):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (writer, far_writer)
        self._pairs.add(pair)
        await asyncio.gather(self._pass(reader, far_writer, False), self._pass(far_reader, writer, True))
        self._pairs.discard(pair)

    async def _pass(self, reader, writer, limited):
        try:
            while data := await reader.read(PIECE):
                for at in range(0, len(data), self.slice):
                    while self.stalled:
                        await asyncio.sleep(0.01)
                    piece = data[at:at + self.slice]
                    writer.write(piece)
                    await writer.drain()
                    if limited and self.rate:
                        await asyncio.sleep(len(piece) / self.rate)
            if writer.can_write_eof():
                writer.write_eof()
        except (ConnectionError, OSError, RuntimeError):  # the last: this side was closed by half_close()
            writer.transport.abort()

    # What can be made of the network.

    def cut(self):
        """A reset of all connections, on both sides."""
        async def reset():
            for pair in list(self._pairs):
                for writer in pair:
                    if not writer.is_closing():
                        linger = struct.pack("ii", 1, 0)
                        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
        self._call(reset())

    def half_close(self):
        """The target's side is closed towards the client, which may go on sending."""
        async def close():
            for client, _ in list(self._pairs):
                if not client.is_closing():
                    client.write_eof()
        self._call(close())

    def refuse(self, refused):
        """Nobody listens any more, or again."""
        async def change():
            if refused:
                self._server.close()
                await self._server.wait_closed()
            else:
                await self._listen()
        self._call(change())

    @property
    def address(self):
        """host:port."""
        return f"127.0.0.1:{self.port}"
