//! Rows of `drawings`, and conversions of column values.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use yibi_common::drawing::{Mode, Paper};

use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::share::Code;
use crate::domain::user::UserKey;
use crate::store::{StoreError, StoreResult};

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

impl ToSql for UserKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for UserKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(Self::from_text)
    }
}

impl ToSql for Code {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Code {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

/// Column form of a record that is stored as JSON.
pub fn json(record: &impl Serialize) -> StoreResult<String> {
    serde_json::to_string(record).map_err(|error| StoreError::Refused(Box::new(error)))
}

/// The record of its JSON; `what` names it in the error.
pub fn parse<T: DeserializeOwned>(body: &str, what: &str) -> StoreResult<T> {
    serde_json::from_str(body).map_err(|error| StoreError::Damaged(format!("{what}: {error}")))
}

/// A record that a column holds as JSON.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let record = serde_json::from_str(value.as_str()?);
        record.map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// Column form of a [`Mode`].
struct ModeName(Mode);

impl ToSql for ModeName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let name = match self.0 {
            Mode::Free => "free",
            Mode::OneStroke => "one_stroke",
        };
        Ok(name.into())
    }
}

impl FromSql for ModeName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "free" => Ok(Self(Mode::Free)),
            "one_stroke" => Ok(Self(Mode::OneStroke)),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// Column form of a size: SQLite's integers are signed, and all sizes are far below their maximum.
pub fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A size read from a column.
pub struct Size(pub u64);

impl FromSql for Size {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let size = value.as_i64()?;
        u64::try_from(size).map(Self).map_err(|_negative| FromSqlError::OutOfRange(size))
    }
}

/// Reads a row's values in order: a look-up by name takes longer than all other processing of a row.
struct Values<'a, 's> {
    row: &'a Row<'s>,
    next: usize,
}

impl Values<'_, '_> {
    fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.next);
        self.next += 1;
        value
    }
}

/// The columns of [`Drawing::from_row`].
macro_rules! drawing_columns {
    () => {
        "number, id, weapp_id, title, width, height, mode, base, seq, all_weapp, stroke_count, point_count, bytes, \
         created_at, updated_at, first_saved_at, deleted_at, authors, room, last_weapp"
    };
}
pub(super) use drawing_columns;

/// A row of `drawings`.
pub struct Drawing {
    /// Number under which the actions are stored.
    pub number: i64,
    /// Header of the drawing.
    pub header: Header,
    /// Whether the last action is a 2016 save.
    pub last_weapp: bool,
}

impl Drawing {
    /// Reads a row that begins with [`drawing_columns`].
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut row = Values { row, next: 0 };
        let number = row.next()?;
        let header = Header {
            id: row.next()?,
            weapp_id: row.next()?,
            title: row.next()?,
            paper: Paper { width: row.next()?, height: row.next()? },
            mode: row.next::<ModeName>()?.0,
            base: row.next()?,
            seq: row.next()?,
            all_weapp: row.next()?,
            stroke_count: row.next()?,
            point_count: row.next()?,
            bytes: row.next::<Size>()?.0,
            created_at: row.next()?,
            updated_at: row.next()?,
            first_saved_at: row.next()?,
            deleted_at: row.next()?,
            authors: row.next::<Option<Json<_>>>()?.map(|Json(authors)| authors).unwrap_or_default(),
            room: row.next::<Option<Json<_>>>()?.map(|Json(room)| room),
        };
        Ok(Self { number, header, last_weapp: row.next()? })
    }

    /// The drawing of that user with that id.
    pub fn find(connection: &Connection, user: &UserKey, id: &str) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(concat!(
                "SELECT ",
                drawing_columns!(),
                " FROM drawings WHERE user = ? AND id = ?"
            ))?
            .query_row(params![user, id], Self::from_row)
            .optional()
    }

    /// Writes a new row.
    pub fn insert(&mut self, connection: &Connection, user: &UserKey) -> rusqlite::Result<()> {
        let header = &self.header;
        connection
            .prepare_cached(
                "INSERT INTO drawings (user, id, weapp_id, title, width, height, mode, base, seq, all_weapp,
                    last_weapp, stroke_count, point_count, bytes, created_at, updated_at, first_saved_at)
                 VALUES (:user, :id, :weapp_id, :title, :width, :height, :mode, :base, :seq, :all_weapp,
                    :last_weapp, :stroke_count, :point_count, :bytes, :created_at, :updated_at,
                    :first_saved_at)",
            )?
            .execute(named_params! {
                ":user": user,
                ":id": header.id,
                ":weapp_id": header.weapp_id,
                ":title": header.title,
                ":width": header.paper.width,
                ":height": header.paper.height,
                ":mode": ModeName(header.mode),
                ":base": header.base,
                ":seq": header.seq,
                ":all_weapp": header.all_weapp,
                ":last_weapp": self.last_weapp,
                ":stroke_count": header.stroke_count,
                ":point_count": header.point_count,
                ":bytes": signed(header.bytes),
                ":created_at": header.created_at,
                ":updated_at": header.updated_at,
                ":first_saved_at": header.first_saved_at,
            })?;
        self.number = connection.last_insert_rowid();
        Ok(())
    }

    /// Writes the columns that an append changes. The others are left out, so that their indexes are not
    /// updated.
    pub fn update_list(&self, connection: &Connection) -> rusqlite::Result<()> {
        let header = &self.header;
        connection
            .prepare_cached(
                "UPDATE drawings SET seq = :seq, all_weapp = :all_weapp, last_weapp = :last_weapp,
                    stroke_count = :stroke_count, point_count = :point_count, bytes = :bytes,
                    updated_at = :updated_at
                 WHERE number = :number",
            )?
            .execute(named_params! {
                ":number": self.number,
                ":seq": header.seq,
                ":all_weapp": header.all_weapp,
                ":last_weapp": self.last_weapp,
                ":stroke_count": header.stroke_count,
                ":point_count": header.point_count,
                ":bytes": signed(header.bytes),
                ":updated_at": header.updated_at,
            })?;
        Ok(())
    }

    /// Writes the other columns that can change.
    pub fn update_rest(&self, connection: &Connection) -> rusqlite::Result<()> {
        let header = &self.header;
        connection
            .prepare_cached(
                "UPDATE drawings SET weapp_id = :weapp_id, title = :title, base = :base,
                    updated_at = :updated_at, first_saved_at = :first_saved_at, deleted_at = :deleted_at
                 WHERE number = :number",
            )?
            .execute(named_params! {
                ":number": self.number,
                ":weapp_id": header.weapp_id,
                ":title": header.title,
                ":base": header.base,
                ":updated_at": header.updated_at,
                ":first_saved_at": header.first_saved_at,
                ":deleted_at": header.deleted_at,
            })?;
        Ok(())
    }

    /// Writes the authors and the room.
    pub fn update_room(&self, connection: &Connection) -> StoreResult<()> {
        let Header { authors, room, .. } = &self.header;
        let authors = (!authors.is_empty()).then(|| json(authors)).transpose()?;
        let room = room.as_ref().map(json).transpose()?;
        connection
            .prepare_cached("UPDATE drawings SET authors = ?, room = ? WHERE number = ?")?
            .execute(params![authors, room, self.number])?;
        Ok(())
    }

    /// Inserts stored actions from number `from_seq` on.
    pub fn insert_actions<'a>(
        &self,
        connection: &Connection,
        from_seq: u32,
        blobs: impl IntoIterator<Item = &'a [u8]>,
    ) -> rusqlite::Result<()> {
        let mut insert =
            connection.prepare_cached("INSERT INTO actions (place, blob) VALUES (?1 << 32 | ?2, ?3)")?;
        for (seq, blob) in (i64::from(from_seq)..).zip(blobs) {
            insert.execute(params![self.number, seq, blob])?;
        }
        Ok(())
    }
}
