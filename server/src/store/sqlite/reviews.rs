//! Review cases, reports of shares, and evidence, in SQL.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};
use serde::Serialize;
use yibi_common::sharing::{CaseState, Reason};

use super::SqliteStore;
use super::rows::{json, parse};
use crate::domain::clock::Micros;
use crate::domain::review::{AfterCase, Case, CaseFilter, Evidence, ReporterCount, ShareReport};
use crate::domain::share::Code;
use crate::store::{Reviews, StoreResult};

const REPORTS: &str = "SELECT body FROM share_reports WHERE code = ? ORDER BY at DESC, reporter DESC LIMIT ?";

impl Reviews for SqliteStore {
    async fn add_case(&self, case: &Case) -> StoreResult<bool> {
        let case = case.clone();
        self.writing(0, move |connection| add(connection, &case)).await
    }

    async fn case(&self, id: &str) -> StoreResult<Option<Case>> {
        let id = id.to_owned();
        self.reading(move |connection| {
            connection
                .prepare_cached("SELECT body FROM cases WHERE id = ?")?
                .query_row(params![id], |row| row.get::<_, String>(0))
                .optional()?
                .map(|body| parse(&body, "a case"))
                .transpose()
        })
        .await
    }

    async fn change_case(&self, case: &Case) -> StoreResult<bool> {
        let case = case.clone();
        self.writing(0, move |connection| change(connection, case)).await
    }

    async fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<&AfterCase>,
        limit: u32,
    ) -> StoreResult<Vec<Case>> {
        let (filter, after) = (filter.clone(), after.cloned());
        self.reading(move |connection| page(connection, &filter, after.as_ref(), limit)).await
    }

    async fn oldest_held_case(&self) -> StoreResult<Option<Micros>> {
        self.reading(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT min(opened_at) FROM cases WHERE state = ?")?;
            Ok(statement.query_row(params![word(CaseState::Held)?], |row| row.get(0))?)
        })
        .await
    }

    async fn add_report(&self, report: &ShareReport) -> StoreResult<bool> {
        let report = report.clone();
        self.writing(0, move |connection| {
            let added = connection
                .prepare_cached(
                    "INSERT INTO share_reports (code, reporter, user, seq, at, body) VALUES (?, ?, ?, ?, ?, ?)
                     ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    report.code,
                    report.reporter.to_string(),
                    report.reporter.user(),
                    report.seq,
                    report.at,
                    json(&report)?
                ])?;
            Ok(added > 0)
        })
        .await
    }

    async fn reporters(&self, code: &Code, above: Option<u32>) -> StoreResult<ReporterCount> {
        let code = code.clone();
        let above = above.map_or(-1, i64::from);
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT count(user), count(*) - count(user) FROM share_reports WHERE code = ? AND seq > ?",
            )?;
            Ok(statement.query_row(params![code, above], |row| {
                Ok(ReporterCount { users: row.get(0)?, visitors: row.get(1)? })
            })?)
        })
        .await
    }

    async fn reports(&self, code: &Code, limit: u32) -> StoreResult<Vec<ShareReport>> {
        let code = code.clone();
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached(REPORTS)?;
            let bodies = statement.query_map(params![code, limit], |row| row.get::<_, String>(0))?;
            bodies.map(|body| parse(&body?, "a report")).collect()
        })
        .await
    }

    async fn put_evidence(&self, evidence: &Evidence) -> StoreResult<()> {
        let Evidence { case, sealed, expires_at } = evidence.clone();
        self.writing(sealed.len(), move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO evidence (id, sealed, expires_at) VALUES (?, ?, ?)")?
                .execute(params![case, sealed, expires_at])?;
            Ok(())
        })
        .await
    }

    async fn evidence(&self, case: &str) -> StoreResult<Option<Evidence>> {
        let case = case.to_owned();
        self.reading(move |connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM evidence WHERE id = ?")?;
            Ok(statement.query_row(params![case], evidence_from_row).optional()?)
        })
        .await
    }

    async fn replace_evidence(&self, case: &str, sealed: &str, anew: &str) -> StoreResult<bool> {
        let (case, sealed, anew) = (case.to_owned(), sealed.to_owned(), anew.to_owned());
        self.writing(sealed.len() + anew.len(), move |connection| {
            let mut statement =
                connection.prepare_cached("UPDATE evidence SET sealed = ? WHERE id = ? AND sealed = ?")?;
            Ok(statement.execute(params![anew, case, sealed])? > 0)
        })
        .await
    }

    async fn remove_expired_evidence(&self, now: Micros, limit: u32) -> StoreResult<u32> {
        self.writing(0, move |connection| {
            let removed = connection
                .prepare_cached(
                    "DELETE FROM evidence WHERE id IN
                        (SELECT id FROM evidence WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
                )?
                .execute(params![now, limit])?;
            Ok(u32::try_from(removed).unwrap_or(u32::MAX))
        })
        .await
    }
}

/// Columns that lists are selected by.
struct Columns {
    state: String,
    reason: Option<u8>,
    opened_by: String,
}

impl Columns {
    fn of(case: &Case) -> StoreResult<Self> {
        Ok(Self {
            state: word(case.state)?,
            reason: case.reason.map(Reason::number),
            opened_by: word(case.opened_by)?,
        })
    }
}

/// The serialized word of a variant.
fn word(variant: impl Serialize) -> StoreResult<String> {
    Ok(json(&variant)?.trim_matches('"').to_owned())
}

pub(super) fn evidence_from_row(row: &Row<'_>) -> rusqlite::Result<Evidence> {
    Ok(Evidence { case: row.get("id")?, sealed: row.get("sealed")?, expires_at: row.get("expires_at")? })
}

pub(super) fn add(connection: &Connection, case: &Case) -> StoreResult<bool> {
    let columns = Columns::of(case)?;
    let added = connection
        .prepare_cached(
            "INSERT INTO cases (id, owner, state, reason, opened_by, opened_at, rank_at, version, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            case.id,
            case.owner,
            columns.state,
            columns.reason,
            columns.opened_by,
            case.opened_at,
            case.rank_at,
            case.version,
            json(case)?
        ])?;
    Ok(added > 0)
}

fn change(connection: &Connection, case: Case) -> StoreResult<bool> {
    let known = case.version;
    let next = Case { version: known.saturating_add(1), ..case };
    let columns = Columns::of(&next)?;
    let changed = connection
        .prepare_cached(
            "UPDATE cases SET owner = ?, state = ?, reason = ?, opened_by = ?, opened_at = ?, rank_at = ?,
                version = ?, body = ?
             WHERE id = ? AND version = ?",
        )?
        .execute(params![
            next.owner,
            columns.state,
            columns.reason,
            columns.opened_by,
            next.opened_at,
            next.rank_at,
            next.version,
            json(&next)?,
            next.id,
            known
        ])?;
    Ok(changed > 0)
}

/// The statement of a page, which names the given members of the filter only, and its parameters.
fn page_query(
    filter: &CaseFilter,
    after: Option<&AfterCase>,
    limit: u32,
) -> StoreResult<(String, Vec<ToSqlOutput<'static>>)> {
    let CaseFilter { state, reason, opened_by, opened_before, owner } = filter;
    let mut conditions = vec!["(rank_at, id) > (?, ?)"];
    let (moment, id) = after.map_or((i64::MIN, String::new()), |after| (after.rank_at.0, after.id.clone()));
    let mut values: Vec<ToSqlOutput<'static>> = vec![moment.into(), id.into()];
    if let Some(owner) = owner {
        conditions.push("owner = ?");
        values.push(owner.to_string().into());
    }
    if let Some(state) = state {
        // An author's cases are few: the plus sign keeps the index of all authors' cases away.
        conditions.push(if owner.is_some() { "+state = ?" } else { "state = ?" });
        values.push(word(state)?.into());
    }
    if let Some(reason) = reason {
        conditions.push("reason = ?");
        values.push(i64::from(reason.number()).into());
    }
    if let Some(opener) = opened_by {
        conditions.push("opened_by = ?");
        values.push(word(opener)?.into());
    }
    if let Some(before) = opened_before {
        conditions.push("+opened_at < ?");
        values.push(before.0.into());
    }
    values.push(i64::from(limit).into());
    let conditions = conditions.join(" AND ");
    Ok((format!("SELECT body FROM cases WHERE {conditions} ORDER BY rank_at, id LIMIT ?"), values))
}

fn page(
    connection: &Connection,
    filter: &CaseFilter,
    after: Option<&AfterCase>,
    limit: u32,
) -> StoreResult<Vec<Case>> {
    let (sql, values) = page_query(filter, after, limit)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let values = values.iter().map(|value| value as &dyn ToSql);
    let bodies = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(0))?;
    bodies.map(|body| parse(&body?, "a case")).collect()
}

#[cfg(test)]
mod tests {
    use yibi_common::sharing::CaseOpener;

    use super::super::{schema, shares};
    use super::*;
    use crate::domain::user::UserKey;

    fn assert_index(connection: &Connection, sql: &str, index: &str) {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let plan: Vec<String> = statement
            .query_map(params_from_iter(vec![1; count]), |row| row.get("detail"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && plan.starts_with("SEARCH"), "{sql}: {plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{sql}: {plan}");
    }

    #[test]
    fn pages_of_shares_cases_and_reports_are_read_along_an_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        assert_index(&connection, shares::PAGE, "shares_by_creation");
        assert_index(&connection, REPORTS, "share_reports_by_time");
        let (held, ann) = (Some(CaseState::Held), Some(UserKey::new("wx1", "ann")));
        let others = CaseFilter {
            reason: Some(Reason::Abuse),
            opened_by: Some(CaseOpener::Reports),
            opened_before: Some(Micros(9)),
            ..CaseFilter::default()
        };
        for (filter, index) in [
            (CaseFilter::default(), "cases_by_rank"),
            (others.clone(), "cases_by_rank"),
            (CaseFilter { state: held, ..CaseFilter::default() }, "cases_by_state"),
            (CaseFilter { state: held, ..others.clone() }, "cases_by_state"),
            (CaseFilter { owner: ann.clone(), ..CaseFilter::default() }, "cases_of_an_author"),
            (CaseFilter { owner: ann, state: held, ..others }, "cases_of_an_author"),
        ] {
            let (sql, _) = page_query(&filter, None, 9).unwrap();
            assert_index(&connection, &sql, index);
        }
    }
}
