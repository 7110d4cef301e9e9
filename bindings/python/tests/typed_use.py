"""Checked by mypy, not run: what a typed program writes."""

from __future__ import annotations

from datetime import timedelta
from typing import List, Optional

import pgrant


def waiting(client: pgrant.Client) -> str:
    report: pgrant.CheckReport = client.check()
    plan: pgrant.Plan = client.plan({"version": 1})
    applied: pgrant.ApplyReport = client.apply(plan, secrets={"connector": "x"}, progress=lambda p: print(p.done))
    granted = client.grant(["a", "b"], to="ada", duration=timedelta(hours=1))
    credentials: Optional[pgrant.Credentials] = granted.credentials
    end: pgrant.LeaseEnd = client.revoke(granted.lease)
    return report.server.version_text + str(applied) + str(credentials) + end.lease.id


class Vault:
    def pending(self, login: str) -> Optional[str]:
        return None

    def put_pending(self, login: str, secret: str) -> None:
        pass

    def promote(self, login: str) -> None:
        pass

    def retire(self, login: str) -> bool:
        return True


class AsyncVault:
    async def pending(self, login: str) -> Optional[bytes]:
        return None

    async def put_pending(self, login: str, secret: str) -> None:
        pass

    async def promote(self, login: str) -> None:
        pass

    async def retire(self, login: str) -> None:
        pass


async def rotating(client: pgrant.Client, later: pgrant.AsyncClient) -> str:
    report: pgrant.RotationReport = client.rotate(pgrant.FileSecretStore("/secrets"), login="app")
    vault: pgrant.SecretStore = Vault()
    client.rotate(vault)
    await later.rotate(AsyncVault())
    return report.login


async def awaiting() -> List[str]:
    async with pgrant.AsyncClient("host=h", password=lambda what: "x", timeout=3.5) as client:
        leases = await client.leases(all=True)
        async for event in client.events():
            if isinstance(event, pgrant.Progress):
                print(event.place)
        return [lease.id for lease in leases]


def sandboxed() -> None:
    with pgrant.Sandbox.start(version=18) as box, pgrant.Client(box.spec("pgadmin")) as client:
        client.check()
