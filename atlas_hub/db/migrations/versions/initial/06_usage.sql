create table usage_event (
    sequence bigint generated always as identity,
    key bytea not null,
    body_hash bytea not null,
    source text not null,
    event_id text not null,
    name text not null,
    customer_ref text not null,
    timestamp timestamptz not null,
    properties jsonb default '{}' not null,
    received_at timestamptz default clock_timestamp() not null,
    transaction_id bigint default pg_current_xact_id()::text::bigint not null,
    primary key (sequence),
    unique (key)
);

create index usage_event_by_customer on usage_event (customer_ref, name, timestamp) include (transaction_id);

create index usage_event_by_name on usage_event (name, timestamp);

create function refuse_change_of_event() returns trigger language plpgsql as $$
begin
    raise exception 'usage event % is accepted and cannot change', old.event_id using errcode = 'AH001';
end $$;

create trigger usage_event_immutable before update or delete on usage_event
    for each row execute function refuse_change_of_event();
