create table idempotency_record (
    actor text not null,
    key text not null,
    request_hash bytea not null,
    status integer not null,
    body bytea not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (actor, key)
);
