-- Nobody can log in as these people: '!' is the hash of no password.
insert into users (email, password_hash, role, created_at)
select
    format('%s.%s@example.org',
           (array['ada', 'barbara', 'edsger', 'grace', 'ken', 'margaret', 'niklaus', 'radia'])[1 + n % 8], n),
    '!',
    'member',
    timestamptz '2024-01-01 08:00:00Z' + n * interval '7 hours'
from generate_series(1, 20 * current_setting('kata.scale')::int) as n;

insert into notes (owner_id, title, body, created_at)
select
    u.id,
    format('%s of the %s',
           (array['Minutes', 'Plan', 'Sketch', 'Review', 'Ideas'])[1 + (u.id * 7 + k) % 5],
           (array['spring', 'workshop', 'release', 'harvest', 'journey', 'council'])[1 + (u.id * 5 + k * 3) % 6]),
    format('Note %s of user %s, written down before the move (%s).',
           k, u.id, md5(u.id || '/' || k || '/' || current_setting('kata.seed'))),
    u.created_at + k * interval '13 hours'
from users as u
cross join generate_series(1, 3) as k
order by u.id, k;
