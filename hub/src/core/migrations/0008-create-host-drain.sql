-- A host that is being emptied: {"leases": "keep" | "end" | "move", "reason", "since", "correlationId"}; null: it takes phones.
alter table hosts add column drain jsonb;

-- What its plan asked of the host, so that the phone can be given from another one.
alter table leases add column labels jsonb not null default '{}';
-- An order has one lease at a time; one that moves to another host has several, one after the other.
alter table leases drop constraint leases_order_id_key;
create unique index leases_order_open on leases (order_id) where upper_inf(period);
create index leases_order on leases (order_id);
