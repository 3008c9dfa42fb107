//! Tables and their upgrades.

use rusqlite::Connection;

use super::connect::OpenError;

/// Upgrades to each version, in order. A released upgrade is never edited.
const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("migrations/1.sql")),
    (2, include_str!("migrations/2.sql")),
    (3, include_str!("migrations/3.sql")),
    (4, include_str!("migrations/4.sql")),
    (5, include_str!("migrations/5.sql")),
    (6, include_str!("migrations/6.sql")),
    (7, include_str!("migrations/7.sql")),
    (8, include_str!("migrations/8.sql")),
    (9, include_str!("migrations/9.sql")),
    (10, include_str!("migrations/10.sql")),
    (11, include_str!("migrations/11.sql")),
    (12, include_str!("migrations/12.sql")),
    (13, include_str!("migrations/13.sql")),
];
pub(super) const KNOWN: u32 = match MIGRATIONS {
    [.., (last, _)] => *last,
    [] => 0,
};

/// Value that [`MIGRATIONS`] write as `application_id`: "yibi".
const APPLICATION_ID: i32 = 0x7969_6269;

/// Upgrades the tables, each step atomically.
pub fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (version, application, tables) != (0, 0, 0) {
        return Err(OpenError::Foreign);
    }
    if version > KNOWN {
        return Err(OpenError::Newer { found: version, known: KNOWN });
    }
    for (step, sql) in MIGRATIONS.iter().filter(|(step, _)| *step > version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_gets_all_tables_and_a_second_run_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let tables = |connection: &Connection| -> Vec<String> {
            let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
            let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
            rows.filter_map(Result::unwrap).collect()
        };
        let first = tables(&connection);
        assert!(first.iter().any(|sql| sql.starts_with("CREATE TABLE \"actions\"")));
        migrate(&mut connection).unwrap();
        assert_eq!(tables(&connection), first);
    }

    #[test]
    fn actions_of_an_older_file_are_where_they_are_looked_for() {
        let mut connection = Connection::open_in_memory().unwrap();
        for (_, sql) in &MIGRATIONS[..6] {
            connection.execute_batch(sql).unwrap();
        }
        connection
            .execute_batch(
                "PRAGMA user_version = 6;
                 INSERT INTO drawings VALUES
                    (3, 'u', 'a', NULL, '', 1, 1, 'free', 5, 7, 0, 0, 2, 2, 2, 0, 0, 0, NULL),
                    (4, 'u', 'b', NULL, '', 1, 1, 'free', 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, NULL);
                 INSERT INTO actions VALUES (4, 0, x'03'), (3, 6, x'02'), (3, 5, x'01')",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let actions = |connection: &Connection| -> Vec<(i64, i64, Vec<u8>)> {
            let sql = "SELECT place >> 32, place & 0xffffffff, blob FROM actions ORDER BY place";
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        assert_eq!(actions(&connection), [(3, 5, vec![1]), (3, 6, vec![2]), (4, 0, vec![3])]);
        connection.execute("DELETE FROM drawings WHERE number = 3", []).unwrap();
        assert_eq!(actions(&connection), [(4, 0, vec![3])], "a drawing takes its own with it");
    }

    #[test]
    fn a_file_of_a_newer_server_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut connection), Err(OpenError::Newer { found: 99, .. })));
    }

    #[test]
    fn a_file_of_another_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
        assert!(matches!(migrate(&mut connection), Err(OpenError::Foreign)));
    }
}
