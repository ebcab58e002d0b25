create table connection (
    id text not null,
    connector text not null,
    name text not null,
    config jsonb default '{}' not null,
    enabled boolean not null,
    preferred boolean not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (name)
);

create table connection_secret (
    connection_id text not null,
    name text not null,
    key_id text not null,
    nonce bytea not null,
    ciphertext bytea not null,
    primary key (connection_id, name),
    foreign key(connection_id) references connection (id)
);

create table link (
    id text not null,
    connection_id text not null,
    resource text not null,
    hub_id text not null,
    vendor_id text not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (connection_id, resource, hub_id),
    unique (connection_id, resource, vendor_id),
    foreign key(connection_id) references connection (id)
);
