# A chat client on the websockets library: each line typed is a text frame, each frame received is printed.
import asyncio
import sys

import websockets


async def main(url):
    async with websockets.connect(url) as ws:
        loop = asyncio.get_running_loop()

        async def receive():
            async for message in ws:
                print(message)

        receiver = asyncio.create_task(receive())
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            await ws.send(line.rstrip("\n"))
        receiver.cancel()


asyncio.run(main(sys.argv[1]))
