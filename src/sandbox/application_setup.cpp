// The roles and databases of a shop, as somebody might have made them over the years. The
// administrator made most of it and may grant on that; schema `legacy` belongs to a role that the
// administrator is no member of.
#include "sandbox/setup.hpp"

namespace pgrant::detail {

namespace {

constexpr auto by_admin = setup_role::administrator;
constexpr auto by_superuser = setup_role::superuser;
constexpr int all_from = 0;
constexpr int all_before = 1000;

constexpr setup_step application_steps[] = {
    {"postgres", by_admin, all_from, all_before, R"sql(
CREATE ROLE app_owner NOLOGIN;
CREATE ROLE analysts NOLOGIN;
CREATE ROLE shop_app LOGIN;
CREATE ROLE grace LOGIN;
GRANT app_owner TO shop_app;
GRANT analysts TO grace;
)sql"},
    {"postgres", by_admin, all_from, 16, "GRANT app_owner TO @admin@"},
    // From 16 on the creator has ADMIN only, and gives itself the rest.
    {"postgres", by_admin, 16, all_before,
     "GRANT app_owner TO @admin@ WITH INHERIT TRUE, SET TRUE"},
    {"postgres", by_superuser, all_from, all_before, "CREATE ROLE legacy_owner NOLOGIN"},
    {"postgres", by_admin, all_from, all_before, "CREATE DATABASE shop"},
    {"postgres", by_admin, all_from, all_before, "CREATE DATABASE billing"},
};

constexpr setup_step billing_steps[] = {
    {"billing", by_admin, all_from, all_before, R"sql(
CREATE SCHEMA invoices AUTHORIZATION app_owner;
CREATE SCHEMA reports;

SET ROLE app_owner;
CREATE TYPE invoices.state AS ENUM ('draft', 'sent', 'paid', 'void');
CREATE SEQUENCE invoices.invoice_number_seq START 20260001;
CREATE TABLE invoices.invoices (
  number bigint PRIMARY KEY DEFAULT nextval('invoices.invoice_number_seq'),
  customer_id bigint NOT NULL,
  state invoices.state NOT NULL DEFAULT 'draft',
  issued_on date NOT NULL,
  due_on date NOT NULL CHECK (due_on >= issued_on));
CREATE TABLE invoices.invoice_lines (
  invoice_number bigint NOT NULL REFERENCES invoices.invoices,
  position int NOT NULL,
  description text NOT NULL,
  amount numeric(12, 2) NOT NULL,
  PRIMARY KEY (invoice_number, position));
CREATE TABLE invoices.payments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  invoice_number bigint NOT NULL REFERENCES invoices.invoices,
  received_on date NOT NULL,
  amount numeric(12, 2) NOT NULL);
CREATE TABLE invoices."Dunning Levels" (level int PRIMARY KEY, "Text" text NOT NULL);
CREATE FUNCTION invoices.invoice_total(number bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(l.amount), 0) FROM invoices.invoice_lines l WHERE l.invoice_number = $1
$$;
CREATE VIEW invoices.unpaid AS
  SELECT i.number, i.customer_id, i.due_on, invoices.invoice_total(i.number) AS total
    FROM invoices.invoices i WHERE i.state = 'sent';
CREATE PROCEDURE invoices.mark_paid(number bigint) LANGUAGE sql AS $$
  UPDATE invoices.invoices i SET state = 'paid' WHERE i.number = mark_paid.number
$$;
ALTER DEFAULT PRIVILEGES IN SCHEMA invoices GRANT SELECT ON TABLES TO analysts;
GRANT USAGE ON SCHEMA invoices TO analysts;
GRANT SELECT ON invoices.unpaid TO analysts;

INSERT INTO invoices.invoices (customer_id, state, issued_on, due_on) VALUES
  (1, 'paid', '2026-09-01', '2026-10-01'), (2, 'sent', '2026-10-12', '2026-11-11'),
  (3, 'draft', '2026-11-20', '2026-12-20');
INSERT INTO invoices.invoice_lines VALUES
  (20260001, 1, 'Walnut desk', 740.00), (20260001, 2, 'Delivery', 39.90),
  (20260002, 1, 'Reading lamp', 89.50), (20260003, 1, 'Bookshelf', 310.00);
INSERT INTO invoices.payments (invoice_number, received_on, amount)
  VALUES (20260001, '2026-09-28', 779.90);
INSERT INTO invoices."Dunning Levels" VALUES (1, 'A friendly reminder'), (2, 'Final notice');
RESET ROLE;

CREATE TABLE reports.kpi (name text PRIMARY KEY, value numeric, measured_at timestamptz);
CREATE MATERIALIZED VIEW reports.monthly_totals AS
  SELECT date_trunc('month', i.issued_on)::date AS month, sum(l.amount) AS total
    FROM invoices.invoices i JOIN invoices.invoice_lines l ON l.invoice_number = i.number
   GROUP BY 1;
CREATE VIEW reports.overdue AS
  SELECT number, due_on, total FROM invoices.unpaid WHERE due_on < DATE '2026-11-24';
CREATE FUNCTION reports.refresh() RETURNS void LANGUAGE sql AS $$
  REFRESH MATERIALIZED VIEW reports.monthly_totals
$$;
INSERT INTO reports.kpi VALUES ('days sales outstanding', 27.4, '2026-11-01 00:00+00');
)sql"},
};

}  // namespace

std::span<const setup_step> application_setup() noexcept {
  return application_steps;
}
std::span<const setup_step> billing_setup() noexcept {
  return billing_steps;
}

}  // namespace pgrant::detail
