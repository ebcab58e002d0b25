create table api_key (
    id text not null,
    name text not null,
    key_hash bytea not null,
    scopes jsonb default '[]' not null,
    created_at timestamptz default clock_timestamp() not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    primary key (id),
    unique (key_hash)
);

create table audit_entry (
    sequence bigint generated always as identity,
    at timestamptz default clock_timestamp() not null,
    actor text not null,
    action text not null,
    resource text not null,
    resource_id text not null,
    changes jsonb default '{}' not null,
    transaction_id bigint default pg_current_xact_id()::text::bigint not null,
    chain_position bigint,
    chain_hash bytea,
    primary key (sequence),
    unique (chain_position)
);

create index audit_entry_resource on audit_entry (resource, resource_id);

create index audit_entry_unsealed on audit_entry (sequence) where chain_hash is null;

create function refuse_change_of_audit() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.chain_hash is null and new.chain_hash is not null
        and (new.actor, new.action, new.resource, new.resource_id, new.changes, new.at)
            is not distinct from
            (old.actor, old.action, old.resource, old.resource_id, old.changes, old.at) then
        return new;
    end if;
    raise exception 'audit entry % cannot change', old.sequence using errcode = 'AH001';
end $$;

create trigger audit_entry_append_only before update or delete on audit_entry
    for each row execute function refuse_change_of_audit();
