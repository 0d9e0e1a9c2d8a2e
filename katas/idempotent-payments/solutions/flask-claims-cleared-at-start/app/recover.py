"""What a crash has left behind: claims that nobody will ever finish."""

from app.database import connection, pool

with connection() as db:
    db.execute("DELETE FROM operations WHERE status IS NULL")
pool.close()
