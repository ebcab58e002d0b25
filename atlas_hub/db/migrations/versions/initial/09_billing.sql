create table invoice_counter (
    series text not null,
    last integer not null,
    primary key (series)
);

create table invoice (
    id text not null,
    number text,
    status text not null,
    customer_id text not null,
    currency text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    net_days integer not null,
    finalize_at timestamptz not null,
    finalized_at timestamptz,
    due_date timestamptz,
    paid_at timestamptz,
    voided_at timestamptz,
    bill_to jsonb default '{}' not null,
    subtotal numeric not null,
    discount numeric not null,
    tax_rate numeric not null,
    tax numeric not null,
    total numeric not null,
    credits_applied numeric not null,
    amount_due numeric not null,
    amount_paid numeric not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    constraint invoice_total_not_negative check (total >= 0),
    constraint invoice_amount_due_not_negative check (amount_due >= 0),
    constraint invoice_numbered_when_open check ((number is null) = (status = 'draft')),
    unique (number),
    foreign key(customer_id) references customer (id)
);

create index invoice_due_to_finalize on invoice (finalize_at) where status = 'draft';

create index ix_invoice_customer_id on invoice (customer_id);

create table invoice_line (
    id text not null,
    invoice_id text not null,
    position integer not null,
    kind text not null,
    metric_key text,
    description text not null,
    quantity numeric not null,
    amount numeric not null,
    tax numeric not null,
    trace jsonb default '{}' not null,
    primary key (id),
    foreign key(invoice_id) references invoice (id)
);

create index ix_invoice_line_invoice_id on invoice_line (invoice_id);

create table charge (
    id text not null,
    subscription_item_id text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    reason text not null,
    status text not null,
    invoice_id text not null,
    invoice_line_id text,
    quantity numeric not null,
    exact numeric not null,
    seen_below bigint not null,
    created_at timestamptz default clock_timestamp() not null,
    primary key (id),
    foreign key(subscription_item_id) references subscription_item (id),
    foreign key(invoice_id) references invoice (id),
    foreign key(invoice_line_id) references invoice_line (id)
);

create unique index charge_once on charge (subscription_item_id, period_start, period_end, reason) where status = 'live';

create index charge_by_item on charge (subscription_item_id, period_start);

create index ix_charge_invoice_id on charge (invoice_id);

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
    unique (connection_id, vendor_id),
    foreign key(invoice_id) references invoice (id),
    foreign key(connection_id) references connection (id)
);

create index delivery_unsettled on delivery (connection_id) where status not in ('paid', 'void');

create unique index delivery_once on delivery (invoice_id) where status <> 'void';

create function refuse_change_of_final_invoice() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        if old.status <> 'draft' then
            raise exception 'invoice % is final and cannot be deleted', old.id using errcode = 'AH001';
        end if;
        return old;
    end if;
    if old.status <> 'draft' and (
        new.number, new.customer_id, new.currency, new.period_start, new.period_end, new.net_days,
        new.finalized_at, new.due_date, new.bill_to, new.subtotal, new.discount, new.tax_rate, new.tax,
        new.total, new.amount_due, new.credits_applied
    ) is distinct from (
        old.number, old.customer_id, old.currency, old.period_start, old.period_end, old.net_days,
        old.finalized_at, old.due_date, old.bill_to, old.subtotal, old.discount, old.tax_rate, old.tax,
        old.total, old.amount_due, old.credits_applied
    ) then
        raise exception 'invoice % is final; its content cannot change', old.id using errcode = 'AH001';
    end if;
    if not (
        old.status = new.status
        or (old.status = 'draft' and new.status = 'open')
        or (old.status = 'open' and new.status in ('paid', 'void', 'uncollectible'))
        or (old.status = 'uncollectible' and new.status in ('paid', 'void'))
    ) then
        raise exception 'invoice % cannot go from % to %', old.id, old.status, new.status
            using errcode = 'AH001';
    end if;
    return new;
end $$;

create trigger invoice_final before update or delete on invoice
    for each row execute function refuse_change_of_final_invoice();

create function refuse_change_of_final_line() returns trigger language plpgsql as $$
begin
    -- One look-up each: for both in one, a plan made while there are few invoices reads them all.
    if exists (select 1 from invoice where id = new.invoice_id and status <> 'draft')
        or exists (select 1 from invoice where id = old.invoice_id and status <> 'draft')
    then
        raise exception 'invoice % is final; its lines cannot change',
            coalesce(new.invoice_id, old.invoice_id) using errcode = 'AH001';
    end if;
    return coalesce(new, old);
end $$;

create trigger invoice_line_final before insert or update or delete on invoice_line
    for each row execute function refuse_change_of_final_line();
