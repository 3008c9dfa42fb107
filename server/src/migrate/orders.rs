//! Orders: moved with their pictures and checks, and compared.

use super::journal::{Journal, Part};
use super::verify::{Sum, same_check};
use super::{
    MigrateError, Progress, Result, SOURCE, TARGET, TURN, Tally, Whole, at, move_check, move_records,
};
use crate::domain::moderation::Subject;
use crate::domain::order::Order;
use crate::store::{StoreResult, Transfer};

/// Number of orders.
pub(super) async fn count<G: Transfer>(store: &G) -> StoreResult<u64> {
    super::count(async |place| store.orders_behind(place, TURN).await).await
}

/// Copies the orders that a move has not copied yet.
pub(super) async fn move_all<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    all: &Tally,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<()> {
    if !journal.is_at(Part::Orders) {
        return Ok(());
    }
    progress.begins("orders", all.orders, journal.done());
    let read = async |place: Option<&str>| from.orders_behind(place, TURN).await;
    let write = async |order: &Order| {
        let copy = from.order_copy(&order.id).await.map_err(at(SOURCE))?;
        to.put_order(order, copy.as_ref()).await.map_err(at(TARGET))?;
        move_check(from, to, &order.user, &Subject::OrderPicture(order.id.clone())).await
    };
    move_records(journal, progress, read, write).await
}

/// Checks that every order of the source is in the target unchanged, and adds it to both sums. The numbers of orders
/// are equal.
pub(super) async fn compare<G: Whole, H: Whole>(from: &G, to: &H, sums: [&mut Sum; 2]) -> Result<()> {
    let [left, right] = sums;
    let mut place = None;
    loop {
        let turn = from.orders_behind(place.as_deref(), TURN).await.map_err(at(SOURCE))?;
        for order in &turn.items {
            let there = to.order(&order.id).await.map_err(at(TARGET))?;
            let copies = (
                from.order_copy(&order.id).await.map_err(at(SOURCE))?,
                to.order_copy(&order.id).await.map_err(at(TARGET))?,
            );
            if there.as_ref() != Some(order) || copies.0 != copies.1 {
                return Err(MigrateError::Differs(format!("the order {}", order.id)));
            }
            left.add_debug(&(Some(order), &copies.0));
            right.add_debug(&(&there, &copies.1));
            let subject = Subject::OrderPicture(order.id.clone());
            same_check(from, to, &order.user, &subject, [&mut *left, &mut *right]).await?;
        }
        place = turn.next;
        if place.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::Paper;

    use super::super::End;
    use super::*;
    use crate::domain::order::OrderCopy;
    use crate::domain::order::testing::new_order;
    use crate::random;
    use crate::store::Orders;
    use crate::store::sqlite::SqliteStore;

    struct Unheard;

    impl Progress for Unheard {
        fn begins(&mut self, _: &'static str, _: u64, _: u64) {}
        fn done(&mut self, _: u64) {}
    }

    #[tokio::test]
    async fn orders_are_moved_with_their_pictures_and_a_difference_is_found() {
        let directory = std::env::temp_dir().join(format!("yibi-orders-{}", random::short_id()));
        let open = |name: &str| SqliteStore::open(&directory.join(name)).unwrap();
        let (from, to) = (open("from"), open("to"));
        for number in 0..3_u8 {
            let copy = OrderCopy { seq: 2, paper: Paper::default(), actions: vec![vec![number; 9]] };
            assert!(from.add_order(&new_order(&format!("key {number}")), &copy).await.unwrap());
        }
        let all = Tally::of(&from).await.unwrap();
        assert_eq!(all.orders, 3);
        for _ in 0..2 {
            let mut journal = Journal::open(&directory, End::Embedded, End::Shared, "there").unwrap();
            while !journal.is_at(Part::Orders) {
                journal.note(None, 0).unwrap();
            }
            move_all(&from, &to, &all, &mut journal, &mut Unheard).await.unwrap();
            assert!(journal.is_at(Part::Rest));
            journal.end().unwrap();
            assert_eq!(Tally::of(&to).await.unwrap(), all);
            let (mut left, mut right) = (Sum::default(), Sum::default());
            compare(&from, &to, [&mut left, &mut right]).await.unwrap();
            assert!(left == right && left != Sum::default());
        }
        let order = from.order(&new_order("key 1").id).await.unwrap().unwrap();
        assert!(to.change_order(&order).await.unwrap());
        let (mut left, mut right) = (Sum::default(), Sum::default());
        let told = compare(&from, &to, [&mut left, &mut right]).await.unwrap_err().to_string();
        assert!(told.contains(&order.id), "{told}");
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
