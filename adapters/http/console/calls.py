"""Every call of the console's page. They serve that page alone, so the API's document does not tell of them."""

import asyncio
from time import time_ns

from adapters.http.authority import Authority
from adapters.http.call import Call
from adapters.http.console.files import FileCalls
from adapters.http.console.live import LiveCalls
from adapters.http.console.login import LoginCalls
from adapters.http.console.sampler import Sampler
from adapters.http.services import Services
from adapters.http.sessions import Sessions


def console_calls(
    services: Services, sessions: Sessions, authority: Authority, secure: bool, stopping: asyncio.Event
) -> tuple[Call, ...]:
    """The page at `/`, what it is made of, its login and its stream."""
    files = FileCalls()
    login = LoginCalls(services, sessions, secure)
    sampler = Sampler(services.reading, services.control.operators, services.ready, time_ns() // 1_000_000)
    live = LiveCalls(sampler, authority.check_admin, stopping)
    return (
        Call("GET", "/", "The console", files.page, "none", media="text/html"),
        Call("GET", "/console/session", "Whether one is logged in", login.session, "none"),
        Call("POST", "/console/session", "Log in", login.login, "none"),
        Call("DELETE", "/console/session", "Log out", login.logout, "none"),
        Call("GET", "/console/live", "The numbers as they change", live.stream, "admin", media="text/event-stream"),
        Call("GET", "/console/{file}", "A file of the console", files.file, "none"),
    )
