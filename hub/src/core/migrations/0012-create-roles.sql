-- Roles that an administrator composed; customer, operator and admin are in the code, and no row takes their place.
create table roles (
  name text primary key check (name not in ('customer', 'operator', 'admin')),
  description text not null,
  permissions text[] not null,
  updated_at timestamptz not null default clock_timestamp()
);

alter table users drop constraint users_role_check;

-- Given by an operator: good for nothing but choosing another.
alter table users add column password_temporary boolean not null default false;
