// What stands in the shop's database: tables of every kind, and names that need quotes.
#include "sandbox/setup.hpp"

namespace pgrant::detail {

namespace {

constexpr auto shop_admin = setup_role::administrator;
constexpr auto shop_superuser = setup_role::superuser;

constexpr setup_step shop_steps[] = {
    {"shop", shop_admin, 0, 1000, R"sql(
CREATE SCHEMA sales AUTHORIZATION app_owner;
CREATE SCHEMA inventory;
CREATE SCHEMA "Odd.Schema" AUTHORIZATION app_owner;
)sql"},

    {"shop", shop_admin, 0, 1000, R"sql(
SET ROLE app_owner;
CREATE TYPE sales.order_status AS ENUM ('open', 'packed', 'sent', 'cancelled');
CREATE DOMAIN sales.email AS text CHECK (VALUE ~ '^[^@ ]+@[^@ ]+$');
CREATE SEQUENCE sales.order_number_seq START 1001;

CREATE TABLE sales.customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email sales.email UNIQUE,
  since date NOT NULL DEFAULT CURRENT_DATE);
CREATE TABLE sales.orders (
  number bigint NOT NULL DEFAULT nextval('sales.order_number_seq'),
  placed_on date NOT NULL,
  customer_id bigint NOT NULL REFERENCES sales.customers,
  status sales.order_status NOT NULL DEFAULT 'open',
  PRIMARY KEY (number, placed_on)) PARTITION BY RANGE (placed_on);
CREATE TABLE sales.orders_2025 PARTITION OF sales.orders
  FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE sales.orders_2026 PARTITION OF sales.orders
  FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE sales.order_lines (
  id bigserial PRIMARY KEY,
  order_number bigint NOT NULL,
  product text NOT NULL,
  quantity int NOT NULL CHECK (quantity > 0),
  price numeric(10, 2) NOT NULL);

CREATE FUNCTION sales.order_total(order_number bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(l.quantity * l.price), 0) FROM sales.order_lines l
   WHERE l.order_number = $1
$$;
CREATE PROCEDURE sales.close_order(order_number bigint) LANGUAGE sql AS $$
  UPDATE sales.orders SET status = 'sent' WHERE number = order_number
$$;
CREATE AGGREGATE sales.longest(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE VIEW sales.open_orders AS
  SELECT o.number, o.placed_on, c.name AS customer, sales.order_total(o.number) AS total
    FROM sales.orders o JOIN sales.customers c ON c.id = o.customer_id
   WHERE o.status IN ('open', 'packed');
CREATE MATERIALIZED VIEW sales.revenue_by_month AS
  SELECT date_trunc('month', o.placed_on)::date AS month, sum(sales.order_total(o.number)) AS revenue
    FROM sales.orders o WHERE o.status <> 'cancelled' GROUP BY 1 WITH NO DATA;

GRANT USAGE ON SCHEMA sales TO analysts;
GRANT SELECT ON sales.open_orders TO analysts;
GRANT SELECT (number, placed_on, status) ON sales.orders TO analysts;

INSERT INTO sales.customers (name, email, since) VALUES
  ('Ada Lovelace', 'ada@example.com', '2024-12-10'),
  ('Grace Hopper', 'grace@example.com', '2025-03-09'),
  ('Café Zürich', 'einkauf@example.ch', '2026-01-15');
INSERT INTO sales.orders (placed_on, customer_id, status) VALUES
  ('2025-11-28', 1, 'sent'), ('2026-02-14', 2, 'sent'), ('2026-11-03', 3, 'packed'),
  ('2026-11-20', 1, 'open'), ('2026-11-21', 2, 'cancelled');
INSERT INTO sales.order_lines (order_number, product, quantity, price) VALUES
  (1001, 'desk-walnut', 1, 740.00), (1002, 'lamp-reading', 2, 89.50), (1003, 'chair-cafe', 24, 64.00),
  (1004, 'shelf-oak', 1, 310.00), (1005, 'lamp-reading', 1, 89.50);
REFRESH MATERIALIZED VIEW sales.revenue_by_month;

CREATE TABLE "Odd.Schema"."Price List" ("Item No." int PRIMARY KEY, "Price €" numeric(10, 2));
CREATE TABLE "Odd.Schema"."say ""hi""" (id serial PRIMARY KEY, "select" text);
CREATE TABLE "Odd.Schema"."with.dot" (id int);
CREATE TABLE "Odd.Schema"."user" (id int);
CREATE SEQUENCE "Odd.Schema"."Next No";
CREATE VIEW "Odd.Schema"."Cheap Items" AS
  SELECT * FROM "Odd.Schema"."Price List" WHERE "Price €" < 100;
CREATE FUNCTION "Odd.Schema"."It's free"("Item No." int) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT p."Price €" = 0 FROM "Odd.Schema"."Price List" p
                    WHERE p."Item No." = $1), false)
$$;
INSERT INTO "Odd.Schema"."Price List" VALUES (1, 89.50), (2, 740.00), (3, 0);
RESET ROLE;
)sql"},

    {"shop", shop_admin, 0, 1000, R"sql(
CREATE TABLE inventory.products (
  id serial PRIMARY KEY,
  sku text NOT NULL UNIQUE,
  title text NOT NULL);
CREATE TABLE inventory.warehouses (
  code char(3) PRIMARY KEY,
  city text NOT NULL);
CREATE TABLE inventory.stock_levels (
  product_id int NOT NULL REFERENCES inventory.products,
  warehouse char(3) NOT NULL REFERENCES inventory.warehouses,
  on_hand int NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
  PRIMARY KEY (product_id, warehouse));
CREATE VIEW inventory.low_stock AS
  SELECT p.sku, s.warehouse, s.on_hand
    FROM inventory.stock_levels s JOIN inventory.products p ON p.id = s.product_id
   WHERE s.on_hand < 5;
CREATE FUNCTION inventory.reserve(sku text, quantity int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE inventory.stock_levels s SET on_hand = s.on_hand - quantity
    FROM inventory.products p
   WHERE p.id = s.product_id AND p.sku = reserve.sku AND s.on_hand >= quantity;
  RETURN FOUND;
END $$;
INSERT INTO inventory.products (sku, title) VALUES
  ('desk-walnut', 'Walnut desk'), ('lamp-reading', 'Reading lamp'), ('shelf-oak', 'Oak shelf');
INSERT INTO inventory.warehouses VALUES ('ZRH', 'Zürich'), ('RTM', 'Rotterdam');
INSERT INTO inventory.stock_levels VALUES (1, 'ZRH', 3), (2, 'ZRH', 120), (2, 'RTM', 40), (3, 'RTM', 0);
)sql"},

    // Not the administrator's, and of a role that the administrator cannot become.
    {"shop", shop_superuser, 0, 1000, R"sql(
CREATE SCHEMA legacy AUTHORIZATION legacy_owner;
SET ROLE legacy_owner;
CREATE TABLE legacy.ledger_1998 (
  entry int PRIMARY KEY,
  account text NOT NULL,
  amount numeric(12, 2) NOT NULL);
CREATE TABLE legacy."Customer Notes" (customer int, note text);
INSERT INTO legacy.ledger_1998 VALUES (1, 'cash', 1000.00), (2, 'stock', -1000.00);
RESET ROLE;
)sql"},
};

}  // namespace

std::span<const setup_step> shop_setup() noexcept {
  return shop_steps;
}

}  // namespace pgrant::detail
