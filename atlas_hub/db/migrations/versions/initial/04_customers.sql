create table customer (
    id text not null,
    external_id text,
    name text not null,
    email text not null,
    timezone text not null,
    tax_rate numeric not null,
    attributes jsonb default '{}' not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (external_id)
);

create table contact (
    id text not null,
    customer_id text not null,
    name text not null,
    email text not null,
    role text not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    foreign key(customer_id) references customer (id)
);

create index ix_contact_customer_id on contact (customer_id);
