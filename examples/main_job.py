"""The main job on a throwaway server: check, bootstrap, plan, apply, grant, revoke."""

import os

import pgrant

POLICY = {
    "version": 1,
    "bundles": {
        "sales-read": {
            "maximum_duration": "8h",
            "grants": [{"database": "shop", "schema": "sales", "tables": "*", "privileges": ["SELECT"]}],
        }
    },
}
servers = os.environ.get("PGRANT_SERVERS", "").split(os.pathsep) if "PGRANT_SERVERS" in os.environ else []

with pgrant.Sandbox.start(search_path=servers) as box:
    secret = pgrant.password()
    with pgrant.Client(box.spec("pgadmin")) as admin:
        for finding in admin.check().findings:
            print(f"{finding.severity}: {finding.title}")
        admin.apply(admin.plan_bootstrap("pgrant_connector"), secrets={"connector": secret})

    with pgrant.Client(box.spec("pgrant_connector", password=secret)) as client:
        plan = client.plan(POLICY)
        print(plan.render())
        client.apply(plan, progress=lambda at: print(f"  {at.done} of {at.total}"))
        granted = client.grant("sales-read", to="ada", duration="1h", reason="ticket 17")
        print(f"ada may read until {granted.lease.expires_at:%H:%M} as {granted.credentials.user}")
        end = client.revoke(granted.lease)
        print(f"it is over: {end.sessions_ended} sessions ended, login dropped: {end.login_dropped}")
