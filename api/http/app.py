"""The web application of a node.

Importing does nothing; `create_app` puts routes together and opens nothing yet.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from anchoring.catalogue.chosen import choose_catalogue
from anchoring.processes.silence import silence_libraries
from api.http import errors, openapi
from api.http.bounds.body_bounds import BodyBounds, Memory
from api.http.bounds.refusals import Refusals
from api.http.counter import pages
from api.http.guard import Guard
from api.http.node import Clock, Node, read_system_clock
from api.http.routes import (
    certificates,
    histories,
    knowledge,
    operation,
    receipts,
    registry,
    search,
    submissions,
    verification,
)
from api.http.routes import pages as page_routes
from api.node.settings import Settings


def create_app(settings: Settings, clock: Clock = read_system_clock, node: Node | None = None) -> FastAPI:
    """Return the application of the node with these settings; databases open when it starts and close when it stops.

    A `node` that is open already is taken as it is, and closed.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.node = node or Node.open(settings, clock)
        try:
            yield
        finally:
            await app.state.node.close()

    app = FastAPI(version="1", docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False)
    for route_module in (
        verification,
        submissions,
        certificates,
        histories,
        search,
        registry,
        receipts,
        knowledge,
        operation,
        page_routes,
    ):
        app.include_router(route_module.router)
    app.mount("/static", StaticFiles(directory=pages.STATIC_FOLDER), name="static")
    app.add_middleware(BodyBounds, memory=Memory())
    app.state.refusals = Refusals()
    app.add_middleware(Guard, refusals=app.state.refusals)
    errors.install(
        app,
        lambda request, problem, detail: pages.show_problem(
            request, settings, problem, problem.status, detail
        ),
    )
    openapi.install(app)
    return app


def from_environment() -> FastAPI:
    """Return the application of the node whose directory `SHUNZHENG_NODE` names: the factory that uvicorn calls."""
    silence_libraries()
    settings = Settings.from_environment()
    choose_catalogue(settings.catalogue)
    return create_app(settings)
