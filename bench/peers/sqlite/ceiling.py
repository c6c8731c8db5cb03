"""ceiling.py FILE SECONDS: rows a second that SQLite writes, 100 in each durable transaction. Prints one number."""

import os
import sqlite3
import sys
import time

ROWS = 100


def main(path, seconds):
    for name in (path, path + "-wal", path + "-shm"):
        if os.path.exists(name):
            os.remove(name)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE log (id BLOB PRIMARY KEY, at INTEGER, text BLOB) WITHOUT ROWID")
    text, done = b"x" * 390, 0
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        rows = [(os.urandom(32), done + n, text) for n in range(ROWS)]
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO log VALUES (?, ?, ?)", rows)
        db.execute("COMMIT")
        done += ROWS
    print(done / (time.monotonic() - start))
    db.close()
    os.remove(path)


main(sys.argv[1], float(sys.argv[2]))
