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
