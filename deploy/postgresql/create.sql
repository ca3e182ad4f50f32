-- The database and its three roles, made once, by a superuser:
--
--   bullfinch_owner   owns the tables; migrates (bullfinch db migrate)
--   bullfinch         the program: reads all, writes what a run writes, and changes no table
--   bullfinch_reader  looks at everything but tokens: for dashboards of your own
--
-- Passwords are read from the files that are named below, by psql itself, so that they stand in no
-- argument and no history. Another folder: psql --set secrets=/etc/bullfinch/secrets
\set ON_ERROR_STOP on
\if :{?secrets}
\else
\set secrets /run/secrets
\endif
\set owner_password `cat :'secrets'/owner-password`
\set store_password `cat :'secrets'/store-password`
-- psql goes on where a file cannot be read
SELECT :'owner_password' = '' OR :'store_password' = '' AS missing \gset
\if :missing
DO $$ BEGIN RAISE EXCEPTION 'a password is missing: owner-password or store-password'; END $$;
\endif

-- The statements that hold them are not to be logged.
SET log_statement = none;
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
SET password_encryption = 'scram-sha-256';
CREATE ROLE bullfinch_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE bullfinch LOGIN PASSWORD :'store_password';
CREATE ROLE bullfinch_reader NOLOGIN;

CREATE DATABASE bullfinch OWNER bullfinch_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE bullfinch FROM PUBLIC;
GRANT CONNECT ON DATABASE bullfinch TO bullfinch, bullfinch_reader;
\connect bullfinch
-- Before version 15 anybody could make tables in it.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO bullfinch_owner;
GRANT USAGE ON SCHEMA public TO bullfinch, bullfinch_reader;
-- In the tables each of them gets the rights that it needs when the owner has made them:
--   bullfinch db migrate --program bullfinch --reader bullfinch_reader
