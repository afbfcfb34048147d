"""What the small CRM pretends to be: itself, or one of the vendors there is a stand-in for."""

import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.playground.crm import seed, vendors
from bot.playground.crm.board import Crm
from bot.playground.crm.callback import Callback
from bot.playground.crm.fields import CrmRefusal, Json
from bot.playground.crm.pretending import Keys, Pretence
from bot.playground.crm.vendors.standin import Vendor
from coach.errors import CoachError

#: The CRM as itself, which posts and takes the native form.
NATIVE = "native"

#: (name; address of its API or of its callback; credentials) -> what the coach has told whoever set
#: it up. What was linked before is linked no more.
Linking = Callable[[str, str, Mapping[str, str]], Awaitable[Keys]]


def load_vendors() -> dict[str, Vendor]:
    """Every vendor there is a stand-in for, by name."""
    found: dict[str, Vendor] = {}
    for module in pkgutil.iter_modules(vendors.__path__):
        vendor = getattr(import_module(f"{vendors.__name__}.{module.name}"), "VENDOR", None)
        if isinstance(vendor, Vendor):
            found[vendor.provider] = vendor
    return found


class Disguise:
    """Changes what the CRM is, and serves the API of what it is now at ``/vendor/<name>``."""

    def __init__(
        self,
        crm: Crm,
        names: Mapping[str, str],
        *,
        callback: Callback,
        page_url: str,
        link: Linking | None,
        log: Callable[[Json], None] | None = None,
    ) -> None:
        self.crm = crm
        self.callback = callback
        self.vendors = load_vendors()
        self.pretence: Pretence | None = None
        self._names, self._page_url, self._link, self._log = names, page_url, link, log
        crm.pretends = self.as_page
        methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
        self.routes = [Route("/vendor/{name}/{path:path}", self._respond, methods=methods)]

    def as_page(self) -> Json | None:
        """What may be chosen, and what is; nothing where there is no choice."""
        if self._link is None:
            return None
        choices = [["native", "itself"], *([v.provider, v.called] for v in self.vendors.values())]
        now = self.pretence.as_page() if self.pretence else None
        return {"choices": choices, "name": now["provider"] if now else NATIVE, "vendor": now}

    def dump(self) -> Json | None:
        """What a restart must know."""
        return self.pretence.dump() if self.pretence else None

    async def load(self, kept: Json | None) -> None:
        """Be again what it was: at another address, perhaps, so that the coach is told anew."""
        if kept is not None:
            await self._become(kept["provider"], kept)

    async def be(self, name: str) -> None:
        """Be another one. The coach forgets what it was linked to, and takes this one over.

        Raises `CrmRefusal` where that cannot be.
        """
        if self._link is None or (name != NATIVE and name not in self.vendors):
            raise CrmRefusal("The CRM cannot pretend to be that.")
        if name == (self.pretence.vendor.provider if self.pretence else NATIVE):
            return
        self.crm.deliveries.forget()
        if name != NATIVE:
            await self._become(name, None)
            return
        self.pretence = None
        keys = await self._link(NATIVE, f"{self._page_url}/crm/callback", {})
        self.crm.announce = self.crm.natively
        self.crm.deliveries.natively(keys.url, keys.secrets[0])
        self.callback.secret = keys.secrets[0]
        self.crm.deliveries.send(seed.batch(seed.present(self.crm), self.crm.clock.now()))

    async def _become(self, name: str, kept: Json | None) -> None:
        if self._link is None:
            return
        vendor = self.vendors[name]
        pretence = Pretence(vendor, self.crm, self._names, log=self._log)
        if kept is not None:
            pretence.load(kept)
        pretence.take()
        before, self.pretence = self.pretence, pretence
        try:
            pretence.keys = await self._link(
                name, f"{self._page_url}/vendor/{name}", vendor.credentials
            )
        except CoachError as error:
            self.pretence = before
            raise CrmRefusal(f"Coach could not be linked to {vendor.called}: {error}") from error
        self.crm.announce = pretence.announce
        self.crm.deliveries.to(lambda: pretence.url, pretence.headers)

    async def _respond(self, request: Request) -> Response:
        pretence = self.pretence
        if pretence is None or request.path_params["name"] != pretence.vendor.provider:
            return JSONResponse({"error": "The CRM pretends to be another one."}, 404)
        return await pretence.respond(request)
