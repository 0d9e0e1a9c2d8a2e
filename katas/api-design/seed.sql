-- Twelve rooms a scale step, each with a week of bookings that never overlap and never exceed the room.
insert into rooms (name, capacity, contact)
select
    format('%s %s', (array['Oak', 'Birch', 'Maple', 'Cedar', 'Willow', 'Rowan'])[1 + n % 6], n),
    4 + (n * 3) % 17,
    case when n % 3 = 0 then null
         else jsonb_build_object('email', format('desk%s@example.org', n), 'phone', format('+49 30 5550%s', 100 + n))
    end
from generate_series(1, 12 * current_setting('kata.scale')::int) as n;

insert into bookings (room_id, title, notes, starts_at, ends_at, attendees, created_at)
select
    r.id,
    format('%s %s', (array['Stand-up', 'Review', 'Interview', 'Workshop', 'Planning'])[1 + (r.id + k) % 5], k),
    case when k % 4 = 0 then format('Ref. %s', left(md5(r.id || '/' || k || '/' || current_setting('kata.seed')), 8)) end,
    timestamptz '2031-03-03 08:00:00Z' + k * interval '9 hours',
    timestamptz '2031-03-03 08:00:00Z' + k * interval '9 hours' + (1 + (r.id + k) % 3) * interval '45 minutes',
    1 + (r.id + k) % r.capacity,
    timestamptz '2031-01-01 00:00:00Z' + k * interval '1 minute'
from rooms as r
cross join generate_series(0, 17) as k
order by r.id, k;
