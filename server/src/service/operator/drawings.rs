//! Drawings of all users.

use futures_util::{StreamExt, TryStreamExt, stream};
use yibi_common::admin::{Change, Count, UserRef};

use super::paging::{COUNTED, Listing, count, of_sorted};
use super::{Actor, OperatorResult, OperatorService};
use crate::domain::drawing::Header;
use crate::domain::report::{DrawingPage, Place, Rows, sorted_by};
use crate::domain::user::{UserKey, UserRecord};
use crate::store::{Drawings, Reports, StoreResult, Users};

/// Authors looked up at the same time.
const AT_ONCE: usize = 8;

/// Selection of drawings for a list or count.
#[derive(Debug, Clone)]
pub struct DrawingSelection {
    /// Order, position and filter.
    pub page: DrawingPage,
    /// Selects the drawings of this user only.
    pub user: Option<UserKey>,
}

impl OperatorService {
    /// A page of drawings with their users, the bin included, and the records of these users.
    ///
    /// # Errors
    /// [`OperatorError::Store`](super::OperatorError::Store).
    pub async fn drawings(
        &self,
        selection: &DrawingSelection,
    ) -> OperatorResult<(Listing<(UserKey, Header)>, Vec<UserRecord>)> {
        let (rows, (_, total)) =
            tokio::try_join!(self.drawing_rows(selection), self.drawings.store().estimates())?;
        let users = self.users_of(rows.rows.iter().map(|(user, _)| user)).await?;
        Ok((Listing { rows, total }, users))
    }

    /// Number of selected drawings, counted for two seconds at most.
    ///
    /// # Errors
    /// [`OperatorError::Store`](super::OperatorError::Store).
    pub async fn count_drawings(&self, selection: &DrawingSelection) -> OperatorResult<Count> {
        let counted = count(|after| {
            let page = DrawingPage { after, limit: COUNTED, ..selection.page.clone() };
            let part = DrawingSelection { page, user: selection.user.clone() };
            async move { self.drawing_rows(&part).await }
        });
        Ok(counted.await?)
    }

    /// The people who drew in a drawing of several, by the actions' `by`; empty for a drawing of its owner alone. A
    /// person who was erased has a public id alone.
    ///
    /// # Errors
    /// [`OperatorError`](super::OperatorError).
    pub async fn drawing_authors(&self, owner: &UserRecord, id: &str) -> OperatorResult<Vec<UserRef>> {
        let header = self.drawings.header(&owner.key, id).await?;
        let ids = if header.authors.len() > 1 { header.authors } else { Vec::new() };
        let author = async |id: String| {
            let found = self.drawings.store().user_by_public_id(&id).await?;
            Ok(found.map_or_else(|| erased(id), |user| UserRef::from(&user)))
        };
        stream::iter(ids).map(author).buffered(AT_ONCE).try_collect().await
    }

    async fn drawing_rows(&self, selection: &DrawingSelection) -> StoreResult<Rows<(UserKey, Header)>> {
        let (page, store) = (&selection.page, self.drawings.store());
        let Some(user) = &selection.user else { return store.drawing_page(page).await };
        let most = self.drawings.most_drawings();
        let (mut all, bin) =
            tokio::try_join!(store.page(user, false, None, most), store.page(user, true, None, most))?;
        all.extend(bin);
        all.retain(|header| page.filter.takes(header, page.order));
        let place_of =
            |header: &Header| Place { value: sorted_by(header, page.order), name: header.id.clone() };
        let Rows { rows, next } = of_sorted(all, place_of, !page.reverse, page.after.as_ref(), page.limit);
        Ok(Rows { rows: rows.into_iter().map(|header| (user.clone(), header)).collect(), next })
    }

    /// Moves a user's drawing into the bin or out of it.
    ///
    /// # Errors
    /// [`OperatorError`](super::OperatorError).
    pub async fn set_deleted(
        &self,
        actor: &Actor,
        public_id: &str,
        id: &str,
        deleted: bool,
    ) -> OperatorResult<(UserRecord, Header)> {
        let user = self.user(public_id).await?;
        self.drawings.header(&user.key, id).await?;
        let change = if deleted { Change::DeleteDrawing } else { Change::RestoreDrawing };
        self.audit(actor, change, public_id, Some(id)).await?;
        let header = self.drawings.set_deleted(&user.key, id, deleted).await?;
        Ok((user, header))
    }
}

fn erased(id: String) -> UserRef {
    UserRef { id, app_id: String::new(), openid: String::new(), nickname: String::new() }
}
