//! Cases of the [`SessionReports`].

use std::time::Duration;

use yibi_common::admin::SessionOrder;
use yibi_server::domain::clock::Micros;
use yibi_server::domain::report::{Place, SessionFilter, SessionPage, Texts};
use yibi_server::domain::session::{Dialect, SessionId, StoredSession};
use yibi_server::store::SessionReports;

use crate::given::{SessionsUnderTest, user};
use crate::sessions::session;

const MINUTE: Duration = Duration::from_secs(60);

fn page(order: SessionOrder) -> SessionPage {
    SessionPage {
        order,
        reverse: false,
        after: None,
        limit: 2,
        users: None,
        filter: SessionFilter::default(),
    }
}

/// The first bytes of the ids of all sessions, page by page.
async fn ids<S: SessionReports>(sessions: &S, page: &SessionPage) -> Vec<u8> {
    let (mut all, mut after): (Vec<u8>, Option<Place>) = (Vec::new(), None);
    loop {
        let rows = sessions.session_page(&SessionPage { after, ..page.clone() }).await.unwrap();
        assert!(rows.rows.len() <= page.limit as usize);
        all.extend(rows.rows.iter().map(|(session, _)| session.id.0[0]));
        after = rows.next;
        if after.is_none() {
            return all;
        }
    }
}

pub async fn sessions_are_paged_in_three_orders<S: SessionsUnderTest + SessionReports>(sessions: &S) {
    let now = Micros::now();
    // Number, openid, minutes since the last use, minutes until expiry. Some openids are prefixes of others.
    for (number, openid, ago, kept) in [(1, "o-1", 5, 20), (2, "o", 1, 50), (3, "oA", 3, 40), (4, "o", 4, 30)]
    {
        let made = StoredSession { last_seen: now.minus(ago * MINUTE), ..session(number, &user(openid)) };
        sessions.create(made, kept * MINUTE).await.unwrap();
    }
    for (order, expected) in
        [(SessionOrder::Expiry, vec![1, 4, 3, 2]), (SessionOrder::LastSeen, vec![2, 3, 4, 1])]
    {
        assert_eq!(ids(sessions, &page(order)).await, expected, "{order:?}");
        let mut reversed = ids(sessions, &SessionPage { reverse: true, ..page(order) }).await;
        reversed.reverse();
        assert_eq!(reversed, expected, "{order:?}");
    }
    let by_openid = page(SessionOrder::Openid);
    let mut all = ids(sessions, &by_openid).await;
    let mut reversed = ids(sessions, &SessionPage { reverse: true, ..by_openid.clone() }).await;
    reversed.reverse();
    assert_eq!(reversed, all);
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4]);
    for (prefix, expected) in [("o", vec![1, 2, 3, 4]), ("o-", vec![1]), ("oA", vec![3]), ("x", vec![])] {
        let users = Some(Texts::beginning_with(user(prefix).as_str()));
        for reverse in [false, true] {
            let page = SessionPage { users: users.clone(), reverse, limit: 1, ..by_openid.clone() };
            let mut found = ids(sessions, &page).await;
            found.sort_unstable();
            assert_eq!(found, expected, "{prefix}");
        }
    }
    let recently =
        SessionFilter { seen_since: Some(now.minus(210 * MINUTE / 60)), ..SessionFilter::default() };
    let soon = SessionFilter { ends_before: Some(now.plus(35 * MINUTE)), ..SessionFilter::default() };
    let weapp = SessionFilter { dialect: Some(Dialect::Weapp), ..SessionFilter::default() };
    for order in [SessionOrder::Expiry, SessionOrder::LastSeen, SessionOrder::Openid] {
        for (filter, expected) in [(&recently, vec![2, 3]), (&soon, vec![1, 4]), (&weapp, vec![])] {
            for reverse in [false, true] {
                let page = SessionPage { filter: filter.clone(), reverse, ..page(order) };
                let mut found = ids(sessions, &page).await;
                found.sort_unstable();
                assert_eq!(found, expected, "{order:?} {filter:?}");
            }
        }
    }
    assert_eq!(sessions.session_estimates(now.minus(2 * MINUTE)).await.unwrap(), (4, 1));
}

pub async fn ended_sessions_are_on_no_page<S: SessionsUnderTest + SessionReports>(sessions: &S) {
    let (ann, ben) = (user("ann"), user("ben"));
    for (number, user) in [(1, &ann), (2, &ann), (3, &ben), (4, &ben)] {
        sessions.create(session(number, user), 60 * MINUTE).await.unwrap();
    }
    sessions.create(session(5, &ben), Duration::from_millis(1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    sessions.remove(&ben, SessionId([3; 16])).await.unwrap();
    sessions.remove_all(&ann).await.unwrap();
    for order in [SessionOrder::Expiry, SessionOrder::LastSeen, SessionOrder::Openid] {
        assert_eq!(ids(sessions, &page(order)).await, [4], "{order:?}");
    }
    assert_eq!(sessions.session_estimates(Micros(0)).await.unwrap().0, 1);
}
