// The main job on a throwaway server: from nothing to access that ends.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/pgrant/pgrant/bindings/go/pgrant"
)

func main() {
	ctx := context.Background()
	directory := filepath.Join(os.TempDir(), fmt.Sprintf("pgrant-example-%d", os.Getpid()))
	sandbox := need(pgrant.StartSandbox(ctx, directory, pgrant.SandboxOptions{SearchPath: os.Args[1:]}))
	defer sandbox.Remove(ctx)

	admin := open(sandbox.AdminDSN, need(sandbox.Password(sandbox.Administrator)))
	report := need(admin.Check(ctx))
	fmt.Println("PostgreSQL", report.Server.VersionText, "over", report.Connection.TLS.Protocol)

	policy := []byte(`{"version": 1, "bundles": {"sales-read": {"grants": [
	  {"database": "shop", "schema": "sales", "tables": "*", "privileges": ["SELECT"]}]}}}`)
	password := need(pgrant.GeneratePassword())
	bootstrap := need(admin.PlanBootstrap(ctx, pgrant.BootstrapOptions{Connector: "connector"}))
	need(admin.Apply(ctx, bootstrap, pgrant.ApplyOptions{Secrets: map[string]pgrant.Secret{"connector": password}}))

	spec := need(pgrant.ParseSpec(sandbox.AdminDSN))
	_ = spec.Set("user", "connector")
	connector := need(pgrant.Open(spec, pgrant.WithPassword(password)))
	defer connector.Close()
	need(connector.Apply(ctx, need(connector.Plan(ctx, policy)), pgrant.ApplyOptions{}))

	granted := need(connector.Grant(ctx, pgrant.GrantRequest{
		Bundles: []string{"sales-read"}, Person: "ada", Duration: time.Hour, Reason: "ticket 17"}))
	fmt.Println("ada may log in until", granted.Lease.ExpiresAt.Format(time.RFC3339))
	end := need(connector.Revoke(ctx, granted.Lease.ID))
	fmt.Println("the lease has", end.Lease.State)
}

func open(dsn string, password pgrant.Secret) *pgrant.Client {
	return need(pgrant.Open(need(pgrant.ParseSpec(dsn)), pgrant.WithPassword(password)))
}

func need[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
