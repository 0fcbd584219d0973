-- The sample company's database.
create table customers (
  id integer primary key,
  number text not null unique,     -- with leading zeros
  first_name text not null,
  last_name text not null,
  email text not null,
  phone text not null,
  city text not null,
  note text,                       -- quotes, semicolons, line breaks, and NULL
  active boolean not null
);
create table products (
  sku text primary key,            -- with leading zeros
  name text not null,
  price text not null,             -- decimal; money is never a binary float
  stock integer not null
);
create table orders (
  id integer primary key,
  customer_id integer not null references customers (id),
  sku text not null references products (sku),
  quantity integer not null,
  total text not null,
  ordered timestamp not null
);
