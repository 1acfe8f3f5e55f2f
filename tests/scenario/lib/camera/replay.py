# SPDX-License-Identifier: Apache-2.0
"""Plays a bundle of `sluice probe --bundle` again: a camera that answers as the recorded one did, and sends packets of
the recorded sizes, numbers and times over TCP. The pictures are not in a bundle, so what stands behind a packet's first
bytes is filled up.
"""

import asyncio
import json
import re

from .connection import Request

FILLER = b"\x55"
LONGEST_GAP_S = 0.2


class Bundle:
    """A bundle as read from its file."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.content = json.load(file)
        self.report = self.content["report"]
        self.packets = [(track, us, size, bytes.fromhex(head)) for track, us, size, head in self.content["packets"]]
        self.answers = self._pair(self.content["dialogue"])

    @staticmethod
    def _pair(dialogue):
        """Answers by method, in their order."""
        answers, asked = {}, []
        for message in dialogue:
            if message["from"] == "node":
                asked.append(message["start"].split(" ")[0])
            elif asked:
                answers.setdefault(asked.pop(0), []).append(message)
        return answers


class Replay:
    """A camera that is one bundle. Lives on the loop of a House; `house.call(replay.start())` makes it listen."""

    def __init__(self, bundle):
        self.bundle, self.port, self._server = bundle, 0, None

    async def start(self):
        """Listens on a port of its own."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self):
        """For the node. Any user and password will do."""
        return f"rtsp://any:one@127.0.0.1:{self.port}/replay"

    async def _serve(self, reader, writer):
        turns, channels = {}, []
        sender = None
        try:
            while True:
                first = await reader.readexactly(1)
                if first == b"$":
                    head = await reader.readexactly(3)
                    await reader.readexactly(int.from_bytes(head[1:], "big"))
                    continue
                request = Request(first + (await reader.readuntil(b"\r\n\r\n"))[:-4])
                answer = self._answer(request, turns)
                writer.write(answer)
                match = re.search(rb"interleaved=(\d+)", answer)
                if match:
                    channels.append(int(match[1]))
                if request.method == "PLAY" and sender is None:
                    sender = asyncio.ensure_future(self._send(writer, channels))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if sender:
                sender.cancel()
            writer.close()

    def _answer(self, request, turns):
        """The recorded answer to the method, the last one again when there are no more."""
        recorded = self.bundle.answers.get(request.method)
        if not recorded:
            return f"RTSP/1.0 200 OK\r\nCSeq: {request.header('CSeq')}\r\n\r\n".encode()
        turn = turns[request.method] = turns.get(request.method, -1) + 1
        message = recorded[min(turn, len(recorded) - 1)]
        body = self._here(message["body"])
        lines = [f"RTSP/1.0 {message['start']}"]
        for name, value in message["fields"]:
            if name.lower() == "cseq":
                value = request.header("CSeq")
            elif name.lower() == "content-length":
                value = str(len(body.encode()))
            lines.append(f"{name}: {self._here(value)}")
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def _here(self, text):
        return re.sub(r"camera(:\d+)?(?=/)", f"127.0.0.1:{self.port}", text)

    async def _send(self, writer, channels):
        """The recorded packets, once."""
        before = 0
        for track, us, size, head in self.bundle.packets:
            await asyncio.sleep(min((us - before) / 1e6, LONGEST_GAP_S))
            before = us
            packet = head + FILLER * (size - len(head))
            writer.write(b"$" + bytes([channels[track]]) + size.to_bytes(2, "big") + packet)
