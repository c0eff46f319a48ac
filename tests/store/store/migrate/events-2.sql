-- events.db as version 2 made it.
CREATE TABLE batch (id INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, rows INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX batch_dataset ON batch (dataset, id);
CREATE TABLE origin (source TEXT PRIMARY KEY, offset BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE piece (id INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL, level INTEGER NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, columns TEXT NOT NULL, rest TEXT NOT NULL);
CREATE INDEX piece_time ON piece (min_time, max_time);
CREATE TABLE arrived (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL);
INSERT INTO origin VALUES ('conn.log', '4711');
INSERT INTO batch VALUES (1, 'generic', 1, 1, 0, x'00');
PRAGMA application_id = 1466263922;
INSERT INTO arrived VALUES (1, 1099511627776);
PRAGMA user_version = 2;
