create table test_clock (
    id integer not null,
    now timestamptz not null,
    primary key (id)
);
