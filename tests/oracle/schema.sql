-- The tables of the corpus, in words that PostgreSQL and SQLite share.
CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, active integer NOT NULL);
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL, total integer NOT NULL, status text NOT NULL);
CREATE TABLE jobs (id integer PRIMARY KEY, status text NOT NULL, payload text NOT NULL);
CREATE TABLE audit_log (message text NOT NULL);
INSERT INTO users VALUES (1, 'Ada', 'ada@example.com', 1), (2, 'Grace', 'grace@example.com', 1), (3, 'Edsger', 'edsger@example.com', 0);
INSERT INTO orders VALUES (1, 1, 120, 'paid'), (2, 1, 12000, 'pending'), (3, 2, 80, 'pending');
INSERT INTO jobs VALUES (1, 'queued', '{"kind": "mail"}'), (2, 'queued', '{"kind": "report"}'), (3, 'done', '{}');
