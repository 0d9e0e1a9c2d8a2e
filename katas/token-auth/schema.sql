-- People and their notes. Everything else that the service needs to remember is the learner's own, in migrations/.
create table users (
    id            bigint generated always as identity primary key,
    email         text not null,
    password_hash text not null,
    role          text not null default 'member' check (role in ('member', 'admin')),
    created_at    timestamptz not null default now()
);

create unique index users_email_key on users (lower(email));

create table notes (
    id         bigint generated always as identity primary key,
    owner_id   bigint not null references users (id) on delete cascade,
    title      text not null,
    body       text not null default '',
    created_at timestamptz not null default now()
);

create index notes_owner_newest on notes (owner_id, created_at desc, id desc);
