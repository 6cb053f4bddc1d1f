"""runs an application without a terminal, with the style sheet beside its module"""
# needs: textual

import asyncio

from screen import Screens


async def main() -> None:
    app = Screens()
    async with app.run_test():
        assert app.query_one("#greeting").styles.height.value == 7


asyncio.run(main())
