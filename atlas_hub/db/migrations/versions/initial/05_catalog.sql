create table metric (
    id text not null,
    key text not null,
    name text not null,
    description text not null,
    show_on_invoice boolean not null,
    event_name text not null,
    filter jsonb,
    aggregation jsonb not null,
    group_by jsonb default '[]' not null,
    late_events text not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (key)
);

create table plan (
    id text not null,
    key text not null,
    name text not null,
    description text not null,
    currency text not null,
    net_days integer not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (key)
);

create table entitlement (
    id text not null,
    entitlement_key text not null,
    name text not null,
    description text not null,
    type text not null,
    value_type text,
    metric_id text,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (entitlement_key),
    foreign key(metric_id) references metric (id)
);

create table plan_version (
    id text not null,
    plan_id text not null,
    number integer not null,
    status text not null,
    published_at timestamptz,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (plan_id, number),
    foreign key(plan_id) references plan (id)
);

create unique index plan_version_one_draft on plan_version (plan_id) where status = 'draft';

create table plan_item (
    id text not null,
    plan_version_id text not null,
    position integer not null,
    metric_id text,
    entitlement_id text,
    fee text,
    value jsonb,
    cadence text not null,
    timing text not null,
    price jsonb,
    primary key (id),
    unique (plan_version_id, position),
    foreign key(plan_version_id) references plan_version (id),
    foreign key(metric_id) references metric (id),
    foreign key(entitlement_id) references entitlement (id)
);

create function refuse_change_of_published_version() returns trigger language plpgsql as $$
begin
    if old.status = 'published' then
        raise exception 'plan version % is published and cannot change; make a new version', old.id
            using errcode = 'AH001';
    end if;
    return coalesce(new, old);
end $$;

create trigger plan_version_immutable before update or delete on plan_version
    for each row execute function refuse_change_of_published_version();

create function refuse_change_of_published_item() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from plan_version
        where id in (new.plan_version_id, old.plan_version_id) and status = 'published'
    ) then
        raise exception 'plan version % is published and cannot change; make a new version',
            coalesce(old.plan_version_id, new.plan_version_id) using errcode = 'AH001';
    end if;
    return coalesce(new, old);
end $$;

create trigger plan_item_immutable before insert or update or delete on plan_item
    for each row execute function refuse_change_of_published_item();
