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

create table delivery (
    id text not null,
    invoice_id text not null,
    connection_id text not null,
    vendor_id text,
    status text not null,
    amount_paid numeric not null,
    url text,
    detail text,
    created_at timestamptz default clock_timestamp() not null,
    updated_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (invoice_id, connection_id),
    unique (connection_id, vendor_id),
    foreign key(invoice_id) references invoice (id),
    foreign key(connection_id) references connection (id)
);

create index delivery_unsettled on delivery (connection_id) where status not in ('paid', 'void', 'uncollectible');

create table intent (
    id text not null,
    delivery_id text not null,
    step text not null,
    parameters jsonb default '{}' not null,
    state text not null,
    first_sent_at timestamptz,
    result jsonb,
    error text,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (delivery_id, step),
    foreign key(delivery_id) references delivery (id)
);
