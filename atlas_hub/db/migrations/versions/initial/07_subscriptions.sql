create table subscription (
    id text not null,
    customer_id text not null,
    plan_version_id text not null,
    anchor date not null,
    timezone text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    quantity integer not null,
    overrides jsonb default '{}' not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    foreign key(customer_id) references customer (id),
    foreign key(plan_version_id) references plan_version (id)
);

create index ix_subscription_customer_id on subscription (customer_id);

create index ix_subscription_plan_version_id on subscription (plan_version_id);

create table subscription_item (
    id text not null,
    subscription_id text not null,
    plan_item_id text not null,
    billed_until timestamptz,
    due_at timestamptz,
    ended boolean not null,
    primary key (id),
    unique (subscription_id, plan_item_id),
    foreign key(subscription_id) references subscription (id),
    foreign key(plan_item_id) references plan_item (id)
);

create index subscription_item_due on subscription_item (due_at) where not ended;
