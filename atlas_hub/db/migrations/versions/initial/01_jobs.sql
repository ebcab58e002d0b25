create table job (
    id text not null,
    kind text not null,
    key text not null,
    version bigint not null,
    state text not null,
    run_at timestamptz not null,
    attempts integer not null,
    fence bigint not null,
    lease_owner text,
    lease_until timestamptz,
    last_error text,
    last_error_code text,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    unique (kind, key)
);

create index job_dead on job (id) where state = 'dead';

create index job_due on job (run_at) where state = 'ready';

create index job_leased on job (lease_until) where state = 'running';

create table job_schedule (
    name text not null,
    kind text not null,
    key text not null,
    every_seconds integer not null,
    next_run_at timestamptz not null,
    primary key (name)
);

create table worker_heartbeat (
    id text not null,
    host text not null,
    pid integer not null,
    started_at timestamptz default clock_timestamp() not null,
    seen_at timestamptz not null,
    kinds jsonb default '[]' not null,
    primary key (id)
);
