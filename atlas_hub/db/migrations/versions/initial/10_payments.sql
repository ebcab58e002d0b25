create table intent (
    id text not null,
    connection_id text not null,
    scope text not null,
    step text not null,
    parameters jsonb default '{}' not null,
    state text not null,
    key_number integer not null,
    result jsonb,
    error text,
    error_code text,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (connection_id, scope, step),
    foreign key(connection_id) references connection (id)
);

create table inbound_webhook (
    id text not null,
    connection_id text not null,
    vendor_event_id text not null,
    type text not null,
    received_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (connection_id, vendor_event_id),
    foreign key(connection_id) references connection (id)
);

create table poll_cursor (
    connection_id text not null,
    cursor text,
    polled_at timestamptz not null,
    primary key (connection_id),
    foreign key(connection_id) references connection (id)
);
