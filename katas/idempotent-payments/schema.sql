create table accounts (
    id bigint primary key,
    owner text not null,
    balance_cents bigint not null check (balance_cents >= 0)
);

create table payments (
    id bigint generated always as identity primary key,
    account_id bigint not null references accounts (id),
    amount_cents bigint not null check (amount_cents > 0),
    reference text not null,
    created_at timestamptz not null default now()
);
