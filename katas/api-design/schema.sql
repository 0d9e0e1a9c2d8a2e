-- Rooms and who has booked them. Constraints and further tables are the learner's own, in migrations/.
create table rooms (
    id       bigint generated always as identity primary key,
    name     text not null unique,
    capacity int not null check (capacity > 0),
    contact  jsonb,
    version  int not null default 1
);

create table bookings (
    id         bigint generated always as identity primary key,
    room_id    bigint not null references rooms (id),
    title      text not null,
    notes      text,
    starts_at  timestamptz not null,
    ends_at    timestamptz not null,
    attendees  int not null,
    version    int not null default 1,
    created_at timestamptz not null default now()
);

create index bookings_room_start on bookings (room_id, starts_at, id);
