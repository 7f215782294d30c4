-- Takes everything out of the current database, in one transaction: it is empty afterwards, or as it
-- was. The database itself, its owner, settings, rights and encoding stay, and so do roles.
BEGIN;
SET LOCAL lock_timeout = '3s';
SET LOCAL client_min_messages = warning;
DO $wipe$
DECLARE
  one record;
  installed text[] := ARRAY(
    SELECT format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I CASCADE', extname, nspname)
    FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
    WHERE extname <> 'plpgsql' ORDER BY pg_extension.oid);
  homes text[] := ARRAY(
    SELECT DISTINCT nspname::text FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
    WHERE nspname !~ '^pg_' AND nspname <> 'public');
BEGIN
  FOR one IN SELECT evtname FROM pg_event_trigger LOOP
    EXECUTE format('DROP EVENT TRIGGER IF EXISTS %I', one.evtname);
  END LOOP;
  FOR one IN SELECT pubname FROM pg_publication LOOP
    EXECUTE format('DROP PUBLICATION IF EXISTS %I', one.pubname);
  END LOOP;
  FOR one IN SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid
             WHERE datname = current_database() LOOP
    EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', one.subname);
    EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', one.subname);
    EXECUTE format('DROP SUBSCRIPTION %I', one.subname);
  END LOOP;
  FOR one IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP
    EXECUTE format('DROP EXTENSION IF EXISTS %I CASCADE', one.extname);
  END LOOP;
  FOR one IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP
    EXECUTE format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', one.fdwname);
  END LOOP;
  FOR one IN SELECT nspname FROM pg_namespace
             WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', one.nspname);
  END LOOP;
  PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
  -- As a new database has it: https://www.postgresql.org/docs/15/ddl-schemas.html
  IF current_setting('server_version_num')::int >= 150000 THEN
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
  ELSE
    CREATE SCHEMA public;
    GRANT ALL ON SCHEMA public TO PUBLIC;
  END IF;
  COMMENT ON SCHEMA public IS 'standard public schema';
  FOR one IN SELECT unnest(homes) AS nspname LOOP
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', one.nspname);
  END LOOP;
  FOR one IN SELECT unnest(installed) AS command LOOP
    EXECUTE one.command;
  END LOOP;
END
$wipe$;
COMMIT;
