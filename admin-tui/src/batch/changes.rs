//! The commands that change something.

use serde_json::json;
use yibi_common::admin::Change;
use yibi_common::sharing::Reason;
use yibi_common::shop::Parcel;

use super::arguments::{
    Decision, DrawingArgs, OrderCommand, OrdersArgs, RevokeArgs, RoomChange, SessionArgs, UserArgs,
};
use super::{Failure, failure, note, print, unless_closed, wrong};
use crate::act::{Act, Body, words};
use crate::client::Client;
use crate::msg::ApiError;
use crate::profile::Place;
use crate::request::Request;
use crate::text;

/// The exit code of a refusal.
const REFUSED: u8 = 3;

pub async fn revoke(client: &Client, place: &Place, args: RevokeArgs) -> Result<u8, Failure> {
    let acts = match args.user {
        Some(user) => vec![of_user(Change::RevokeSessions, user)],
        None => args.sessions.into_iter().map(|id| of_target(Change::RevokeSession, "", id)).collect(),
    };
    make(client, place, acts, args.json).await
}

pub async fn reset_key(client: &Client, place: &Place, args: SessionArgs) -> Result<u8, Failure> {
    let acts = args.sessions.into_iter().map(|id| of_target(Change::ResetSessionKey, "", id)).collect();
    make(client, place, acts, args.json).await
}

pub async fn block(client: &Client, place: &Place, args: UserArgs, block: bool) -> Result<u8, Failure> {
    let change = if block { Change::BlockUser } else { Change::UnblockUser };
    let acts = args.users.into_iter().map(|user| of_user(change, user)).collect();
    make(client, place, acts, args.json).await
}

pub async fn delete(client: &Client, place: &Place, args: DrawingArgs, delete: bool) -> Result<u8, Failure> {
    let change = if delete { Change::DeleteDrawing } else { Change::RestoreDrawing };
    let acts = args.drawings.into_iter().map(|id| of_target(change, &args.user, id)).collect();
    make(client, place, acts, args.json).await
}

/// Decides on cases of the review queue.
pub async fn decide(client: &Client, place: &Place, decision: Decision) -> Result<u8, Failure> {
    let (change, body, cases) = match decision {
        Decision::Pass(cases) => (Change::PassCase, None, cases),
        Decision::Hold(cases) => (Change::HoldCase, None, cases),
        Decision::Open { codes, json } => {
            let open = |code: String| {
                let body = Some(Body::Code(code.clone()));
                Act { body, ..of_target(Change::OpenCase, "", code) }
            };
            return make(client, place, codes.into_iter().map(open).collect(), json).await;
        }
        Decision::Remove { reason, cases } => {
            let reason = Reason::of(reason).ok_or_else(|| wrong("a reason is a number from 1 to 6"))?;
            (Change::RemoveCase, Some(Body::Reason(reason)), cases)
        }
    };
    let act = |id| Act { body: body.clone(), ..of_target(change, "", id) };
    make(client, place, cases.ids.into_iter().map(act).collect(), cases.json).await
}

pub async fn change_rooms(client: &Client, place: &Place, change: RoomChange) -> Result<u8, Failure> {
    let (change, rooms) = match change {
        RoomChange::Freeze(rooms) => (Change::FreezeRoom, rooms),
        RoomChange::Thaw(rooms) => (Change::ThawRoom, rooms),
        RoomChange::Close(rooms) => (Change::CloseRoom, rooms),
        RoomChange::Remove { code, seq, json } => {
            let act = Act { body: Some(Body::Seq(seq)), ..of_target(Change::RemoveStroke, "", code) };
            return make(client, place, vec![act], json).await;
        }
    };
    let acts = rooms.codes.into_iter().map(|code| of_target(change, "", code)).collect();
    make(client, place, acts, rooms.json).await
}

/// Changes orders of prints.
pub async fn order(client: &Client, place: &Place, change: OrderCommand) -> Result<u8, Failure> {
    let (change, body, orders) = match change {
        OrderCommand::Pass(orders) => (Change::PassOrder, None, orders),
        OrderCommand::Reject(orders) => (Change::RejectOrder, None, orders),
        OrderCommand::Print(orders) => (Change::PrintOrder, None, orders),
        OrderCommand::Refund(orders) => (Change::RefundOrder, None, orders),
        OrderCommand::Release(orders) => (Change::ReleaseOrder, None, orders),
        OrderCommand::Ship { id, carrier, tracking, json } => {
            let body = Body::Parcel(Parcel { carrier, tracking });
            (Change::ShipOrder, Some(body), OrdersArgs { ids: vec![id], json })
        }
    };
    let act = |id| Act { body: body.clone(), ..of_target(change, "", id) };
    make(client, place, orders.ids.into_iter().map(act).collect(), orders.json).await
}

fn of_user(change: Change, user: String) -> Act {
    Act { change, label: user.clone(), user, target: None, body: None }
}

fn of_target(change: Change, user: &str, id: String) -> Act {
    Act { change, label: id.clone(), user: user.to_owned(), target: Some(id), body: None }
}

/// Makes changes one after the other. Each outcome is printed at once; a refused change does not stop the others, and
/// decides the exit code.
async fn make(client: &Client, place: &Place, acts: Vec<Act>, as_json: bool) -> Result<u8, Failure> {
    if place.read_only {
        return Err((ApiError::Failed("read-only: nothing is changed".into()), REFUSED));
    }
    let mut code = 0;
    for act in acts {
        match client.ask(&Request::Act(act.clone())).await {
            Ok(_) => {
                if let Err(error) = print(&outcome(&act, as_json)) {
                    return unless_closed(&error);
                }
            }
            Err(error @ ApiError::Refused { .. }) => {
                note(&text::clean(&format!("{}: {error}", act.id())));
                code = REFUSED;
            }
            Err(error) => return Err(failure(error)),
        }
    }
    Ok(code)
}

fn outcome(act: &Act, as_json: bool) -> String {
    let id = act.id();
    if as_json {
        let told = if act.target.is_some() && !act.user.is_empty() {
            json!({"change": act.change.name(), "id": id, "user": act.user})
        } else {
            json!({"change": act.change.name(), "id": id})
        };
        return told.to_string();
    }
    let deed = match act.change {
        Change::RevokeSessions => "revoked all sessions of",
        Change::ResetSessionKey => "reset the session_key of",
        Change::DeleteDrawing => "moved to the bin:",
        Change::RemoveStroke => "removed a stroke of",
        Change::RevokeSession
        | Change::BlockUser
        | Change::UnblockUser
        | Change::RestoreDrawing
        | Change::GiveAccessToken
        | Change::PassCase
        | Change::RemoveCase
        | Change::HoldCase
        | Change::NoteCase
        | Change::OpenCase
        | Change::FreezeRoom
        | Change::ThawRoom
        | Change::CloseRoom
        | Change::PassOrder
        | Change::RejectOrder
        | Change::PrintOrder
        | Change::ShipOrder
        | Change::RefundOrder
        | Change::ReleaseOrder
        | Change::ReadAddress => words(act.change).done,
    };
    format!("{deed} {}", text::clean(id))
}
