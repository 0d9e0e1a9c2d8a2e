create table accounts (
    id bigint primary key,
    name text not null
);

create table events (
    id bigint primary key,
    account_id bigint not null references accounts (id),
    kind text not null check (kind in ('login', 'purchase', 'refund', 'comment', 'export')),
    occurred_at timestamptz not null,
    payload jsonb not null
);
