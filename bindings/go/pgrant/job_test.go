package pgrant

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

const testPolicy = `{"version": 1, "bundles": {"go-read": {"description": "sales, to read",
  "maximum_duration": "8h", "grants": [
    {"database": "shop", "schema": "sales", "tables": "*", "privileges": ["SELECT"]}]}}}`

// The main job: from a bare server to the end of a lease.
func TestMainJob(t *testing.T) {
	ctx := soon(t)
	admin := administrator(t)

	report := must[*CheckReport](t)(admin.Check(ctx))
	if report.Connection.TLS == nil || !report.Connection.TLS.NameVerified {
		t.Errorf("the connection is not verified: %+v", report.Connection)
	}
	if report.Login.Role != running(t).Administrator || report.Login.Superuser {
		t.Errorf("login %+v", report.Login)
	}

	bootstrap := must[*Plan](t)(admin.PlanBootstrap(ctx, BootstrapOptions{Connector: "go_connector"}))
	password := must[Secret](t)(GeneratePassword())
	verifier := must[Secret](t)(PasswordVerifier(password))
	var progress []Progress
	must[*ApplyReport](t)(admin.Apply(ctx, bootstrap, ApplyOptions{Secrets: map[string]Secret{"connector": verifier}},
		Listen{Progress: func(p Progress) { progress = append(progress, p) }}))
	if len(progress) == 0 {
		t.Error("no progress was told")
	}
	again := must[*Plan](t)(admin.PlanBootstrap(ctx, BootstrapOptions{Connector: "go_connector"}))
	if !again.IsEmpty() {
		t.Errorf("a second bootstrap has %d steps, the first: %s", len(again.Steps), again.Steps[0].SQL)
	}

	connector := client(t, as(t, "go_connector"), WithPassword(password))
	inventory := must[*Snapshot](t)(connector.Inspect(ctx, InspectOptions{Databases: []string{"shop"}}))
	if found := objectsOf(inventory, "shop"); found == 0 {
		t.Error("the inventory of shop holds nothing")
	}

	plan := must[*Plan](t)(connector.Plan(ctx, []byte(testPolicy)))
	if plan.IsEmpty() {
		t.Fatal("the plan is empty")
	}
	rendered, err := plan.Render()
	if err != nil || !strings.Contains(rendered, "GRANT") {
		t.Errorf("rendered: %q, %v", rendered, err)
	}
	// A plan survives storage.
	stored := must[[]byte](t)(json.Marshal(plan))
	read := new(Plan)
	if err := json.Unmarshal(stored, read); err != nil {
		t.Fatal(err)
	}
	must[*ApplyReport](t)(connector.Apply(ctx, read, ApplyOptions{}))
	if plan := must[*Plan](t)(connector.Plan(ctx, []byte(testPolicy))); !plan.IsEmpty() {
		t.Errorf("the second plan has %d steps", len(plan.Steps))
	}

	granted := must[*Granted](t)(connector.Grant(ctx, GrantRequest{
		Bundles: []string{"go-read"}, Person: "ada", Duration: time.Hour, Reason: "ticket 17",
		IdempotencyKey: "go-1",
	}))
	if granted.Credentials == nil || granted.Lease.State != LeaseActive {
		t.Fatalf("granted %+v", granted)
	}
	if left := time.Until(granted.Lease.ExpiresAt); left < 50*time.Minute || left > 70*time.Minute {
		t.Errorf("expires in %v", left)
	}
	repeated := must[*Granted](t)(connector.Grant(ctx, GrantRequest{
		Bundles: []string{"go-read"}, Person: "ada", Duration: time.Hour, Reason: "ticket 17",
		IdempotencyKey: "go-1",
	}))
	if repeated.Lease.ID != granted.Lease.ID || repeated.Credentials != nil {
		t.Errorf("the same key gave %+v", repeated)
	}
	ada := client(t, granted.Credentials.Conninfo, WithPassword(granted.Credentials.Password), WithoutPool())
	if report := must[*CheckReport](t)(ada.Check(ctx)); report.Login.Role != granted.Credentials.User {
		t.Errorf("logged in as %s", report.Login.Role)
	}

	later := must[*Lease](t)(connector.Extend(ctx, Extension{Lease: granted.Lease.ID, By: time.Hour, Reason: "not done yet"}))
	if gained := later.ExpiresAt.Sub(granted.Lease.ExpiresAt); gained != time.Hour {
		t.Errorf("an extension by an hour gave %v", gained)
	}
	leases := must[[]Lease](t)(connector.Leases(ctx, LeaseFilter{Bundle: "go-read"}))
	if len(leases) != 1 || leases[0].ID != granted.Lease.ID || leases[0].Person != "ada" {
		t.Errorf("leases %+v", leases)
	}
	end := must[*LeaseEnd](t)(connector.Revoke(ctx, granted.Lease.ID))
	if end.Lease.State != LeaseEnded || !end.LoginDropped || end.Lease.EndedAt == nil {
		t.Errorf("end %+v", end)
	}
	if _, err := ada.Check(ctx); StatusOf(err) != StatusAuthentication {
		t.Errorf("after the end: %v", err)
	}
	if _, err := connector.RevokeGrantee(ctx, "ada"); !errors.Is(err, &Error{Status: StatusNotFound}) {
		t.Errorf("nobody's leases: %v", err)
	}
	must[*RevokeReport](t)(connector.Expire(ctx))
}

// The verbs that the main job does not need: schedules, labels, breaking the glass, the audit trail.
func TestLedger(t *testing.T) {
	ctx := soon(t)
	admin := administrator(t, WithLedgerDatabase("go_ledger"))
	if _, err := admin.Grant(ctx, GrantRequest{Bundles: []string{"none"}, Person: "ada", Duration: time.Hour}); StatusOf(err) != StatusNotFound {
		t.Fatalf("without a ledger: %v", err)
	}
	password := must[Secret](t)(GeneratePassword())
	bootstrap := must[*Plan](t)(admin.PlanBootstrap(ctx, BootstrapOptions{Connector: "go_keeper"}))
	must[*ApplyReport](t)(admin.Apply(ctx, bootstrap, ApplyOptions{Secrets: map[string]Secret{"connector": password}}))
	keeper := client(t, as(t, "go_keeper"), WithPassword(password), WithLedgerDatabase("go_ledger"))
	policy := strings.ReplaceAll(testPolicy, "go-read", "go-ledger")
	must[*ApplyReport](t)(keeper.Apply(ctx, must[*Plan](t)(keeper.Plan(ctx, []byte(policy))), ApplyOptions{}))

	request := GrantRequest{Bundles: []string{"go-ledger"}, Person: "ada", Duration: time.Hour, Reason: "r",
		Ticket: "OPS-17", Labels: map[string]string{"team": "data"}, ConnectionLimit: 2}
	now := must[*Granted](t)(keeper.Grant(ctx, request))
	request.StartingAt = time.Now().Add(time.Hour)
	scheduled := must[*Granted](t)(keeper.Grant(ctx, request))
	if scheduled.Lease.State != LeaseScheduled || !scheduled.Lease.StartsAt.After(now.Lease.StartsAt) {
		t.Errorf("scheduled %+v", scheduled.Lease)
	}
	found := must[[]Lease](t)(keeper.Leases(ctx, LeaseFilter{Labels: map[string]string{"team": "data"}, Ticket: "OPS-17"}))
	if len(found) != 2 || found[0].Labels["team"] != "data" {
		t.Errorf("found %+v", found)
	}
	found = must[[]Lease](t)(keeper.Leases(ctx, LeaseFilter{States: []LeaseState{LeaseScheduled}}))
	if len(found) != 1 || found[0].ID != scheduled.Lease.ID {
		t.Errorf("scheduled ones: %+v", found)
	}
	broken := must[*RevokeReport](t)(keeper.RevokeBundle(ctx, "go-ledger"))
	if len(broken.Ends) != 2 || len(broken.Failures) != 0 {
		t.Errorf("breaking the glass: %+v", broken)
	}
	must[*RevokeReport](t)(keeper.RevokeAll(ctx))
	must[*AdoptReport](t)(keeper.Adopt(ctx, false))
	entries := must[[]AuditEntry](t)(keeper.Audit(ctx, AuditFilter{Lease: now.Lease.ID}))
	if len(entries) < 2 || entries[len(entries)-1].Action != "grant" {
		t.Errorf("the trail of a lease: %+v", entries)
	}
	verdict := must[*AuditVerdict](t)(keeper.VerifyAudit(ctx))
	if verdict.Entries == 0 || len(verdict.Broken) != 0 {
		t.Errorf("the trail: %+v", verdict)
	}
}

func objectsOf(inventory *Snapshot, database string) int {
	for _, each := range inventory.Databases {
		if each.Name == database {
			return len(each.Objects)
		}
	}
	return 0
}
