# docs/upgrade.md: a store as the version before left it, with the tables of all migrations but the last.
. tests/documents/stages/lib.sh
id=$(sed -n 's/^#define SQLITE_APPLICATION_ID \([0-9a-fA-Fx]*\).*/\1/p' src/store/*.h)
sqlite3 bullfinch.db "PRAGMA application_id = $((id)); PRAGMA journal_mode = WAL" >/dev/null
chmod 600 bullfinch.db
old() { # FILE: applies one, as `bullfinch db migrate` does
    sqlite3 bullfinch.db <"$1"
    name=$(basename "$1" .sql)
    sqlite3 bullfinch.db "INSERT INTO migrations (version, name, checksum, applied_at)
        VALUES ($((10#${name%%_*})), '$name', '$(sha256sum <"$1" | cut -d' ' -f1)', 0)"
}
migrations=(sql/sqlite/*.sql)
for file in "${migrations[@]:0:${#migrations[@]}-1}"; do old "$file"; done
cp bullfinch.db old.db
bullfinch show trades >show.out 2>&1 && exit 1 # who only looks refuses it
grep -q 'bullfinch db migrate' show.out
bullfinch() { # the backup is the old program's: this one refuses the store before it is migrated
    if [ "$*" = "db backup before-the-upgrade.db" ]; then cp old.db before-the-upgrade.db; else command bullfinch "$@"; fi
}
