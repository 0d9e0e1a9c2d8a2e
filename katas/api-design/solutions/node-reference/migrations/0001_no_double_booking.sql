-- The service keeps bookings apart by locking the room; this holds whoever writes.
ALTER TABLE bookings ADD CONSTRAINT bookings_do_not_overlap
    EXCLUDE USING gist (room_id WITH =, tstzrange(starts_at, ends_at) WITH &&);
