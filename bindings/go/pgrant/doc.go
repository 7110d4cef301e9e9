// Package pgrant manages who may do what in PostgreSQL on Azure, and for how long.
//
// A [Client] is one instance, seen as one login. It checks the connection, sets up the connector
// role, finds out what the instance holds, plans and applies policies, and grants access that ends
// by itself:
//
//	spec, err := pgrant.ParseSpec("postgresql://connector@shop.example.com/postgres?sslmode=verify-full&secret=env:PGRANT_PASSWORD")
//	client, err := pgrant.Open(spec)
//	defer client.Close()
//	granted, err := client.Grant(ctx, pgrant.GrantRequest{
//		Bundles: []string{"sales-read"}, Person: "ada", Duration: time.Hour, Reason: "ticket 17",
//	})
//	fmt.Println(granted.Credentials.User, granted.Lease.ExpiresAt)
//
// Every verb takes a [context.Context]. When it is done, the operation is cancelled, and the verb
// returns once the library has let go of it: what was not committed has not happened.
//
// Errors are [*Error] values, told apart by [Error.Status] and [Error.SQLState], never by words.
//
// The work is done by libpgrant, a shared library, on threads of its own; a goroutine that waits
// costs no thread. Clients, specs and runtimes may be used by many goroutines at once.
package pgrant
