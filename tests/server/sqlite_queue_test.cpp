// What waits for a SQLite journal's disk.
