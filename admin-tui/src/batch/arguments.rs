//! The arguments of the commands for scripts.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::lists::Kind;
use crate::request::Form;

/// The commands for scripts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether the server and its dependencies are ready, and who the caller is
    Status {
        /// A JSON object instead of words
        #[arg(long)]
        json: bool,
    },
    /// Print all servers and their figures as JSON
    Overview {
        /// One line instead of an indented text
        #[arg(long)]
        json: bool,
    },
    /// List sessions, the next to end first
    Sessions(ListArgs),
    /// List users, the newest first
    Users(ListArgs),
    /// List drawings, the one changed last first
    Drawings(ListArgs),
    /// List failed requests in groups, the group that grew last first
    Errors(ListArgs),
    /// List what operators changed, the latest first
    Audit(ListArgs),
    /// List cases of the review queue, the most urgent first
    Reviews {
        /// Cases in this state
        #[arg(long, value_enum, default_value = "held")]
        state: StateArg,
        #[command(flatten)]
        args: ListArgs,
    },
    /// Decide on cases of the review queue, or open one
    Review {
        #[command(subcommand)]
        decision: Decision,
    },
    /// List rooms, the newest first
    Rooms {
        /// Rooms in this state
        #[arg(long, value_enum, default_value = "all")]
        state: RoomStateArg,
        /// JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Change rooms
    Room {
        #[command(subcommand)]
        change: RoomChange,
    },
    /// List orders of prints, the newest first
    Orders(OrderListArgs),
    /// Change orders of prints
    Order {
        #[command(subcommand)]
        change: OrderCommand,
    },
    /// Print one session, user, drawing or failed request as JSON
    Show {
        #[command(subcommand)]
        what: Shown,
        /// One line instead of an indented text
        #[arg(long, global = true)]
        json: bool,
    },
    /// Print events as JSON lines, until interrupted
    Events {
        /// JSON lines; there is no other form
        #[arg(long)]
        json: bool,
    },
    /// End sessions
    Revoke(RevokeArgs),
    /// Have WeChat replace the session_key of sessions
    ResetKey(SessionArgs),
    /// Block users: their sessions end, and they can't sign in
    Block(UserArgs),
    /// Let blocked users sign in again
    Unblock(UserArgs),
    /// Move drawings to the bin
    Delete(DrawingArgs),
    /// Take drawings out of the bin
    Restore(DrawingArgs),
    /// Write drawings to files, or one to the standard output
    Export(ExportArgs),
    /// Print the completions of a shell
    Completions { shell: Shell },
    /// Write the manual pages and all completions into a directory
    Manual { directory: PathBuf },
}

/// The thing that `show` prints.
#[derive(Debug, Subcommand)]
pub enum Shown {
    /// A session, with the user's other sessions and last drawings
    Session { id: String },
    /// A user, with sessions and drawings
    User {
        /// The public id
        id: String,
    },
    /// A drawing with its actions
    Drawing {
        /// The public id of the user
        user: String,
        id: String,
    },
    /// A failed request, with the user's requests before and after it
    Request { id: String },
    /// A case of the review queue
    Review { id: String },
    /// An order of a print, without its address
    Order { id: String },
}

/// The state of listed cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateArg {
    /// Waiting for a decision
    Held,
    /// Passed by an operator
    Passed,
    /// Removed by an operator
    Removed,
    /// All of them
    All,
}

/// The state of listed rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoomStateArg {
    /// Taking strokes
    Open,
    /// Finished relays
    Done,
    /// Waiting for a decision
    Frozen,
    /// Ended
    Closed,
    /// All of them
    All,
}

impl RoomStateArg {
    /// The name in the API; `None` for all.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Open => Some("open"),
            Self::Done => Some("done"),
            Self::Frozen => Some("frozen"),
            Self::Closed => Some("closed"),
            Self::All => None,
        }
    }
}

/// A change of rooms.
#[derive(Debug, Subcommand)]
pub enum RoomChange {
    /// Stop rooms until a decision
    Freeze(RoomsArgs),
    /// Let frozen rooms go on
    Thaw(RoomsArgs),
    /// End rooms
    Close(RoomsArgs),
    /// Remove a stroke from the drawing of a room
    Remove {
        /// The code of the room
        code: String,
        /// The number of the stroke's action, from 0
        seq: u32,
        /// A JSON object instead of words
        #[arg(long)]
        json: bool,
    },
}

/// The rooms of a change.
#[derive(Debug, Args)]
pub struct RoomsArgs {
    /// The rooms' codes
    #[arg(required = true)]
    pub codes: Vec<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    pub json: bool,
}

/// A change of cases.
#[derive(Debug, Subcommand)]
pub enum Decision {
    /// Pass the content, which may then be shown
    Pass(CasesArgs),
    /// Remove the content
    Remove {
        /// The reason, which the author reads: 1 sexual, 2 unlawful, 3 abuse, 4 ads, 5 rights, 6 other
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=6))]
        reason: u8,
        #[command(flatten)]
        cases: CasesArgs,
    },
    /// Hold the content, hidden until a later decision
    Hold(CasesArgs),
    /// Open a case of a share, which stays as it is
    Open {
        /// The shares' codes
        #[arg(required = true)]
        codes: Vec<String>,
        /// A JSON object for each, instead of words
        #[arg(long)]
        json: bool,
    },
}

/// The cases of a decision.
#[derive(Debug, Args)]
pub struct CasesArgs {
    /// The cases' ids
    #[arg(required = true)]
    pub ids: Vec<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    pub json: bool,
}

/// A change of orders.
#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Pass the picture, which may then be printed
    Pass(OrdersArgs),
    /// Refuse to print the picture; the money goes back
    Reject(OrdersArgs),
    /// Begin the print
    Print(OrdersArgs),
    /// Tell that the print is on its way
    Ship {
        /// The order's id
        id: String,
        /// The carrier, as WeChat codes it, such as SF
        #[arg(long)]
        carrier: String,
        /// The tracking number
        #[arg(long)]
        tracking: String,
        /// A JSON object instead of words
        #[arg(long)]
        json: bool,
    },
    /// Give the money back, all of it
    Refund(OrdersArgs),
    /// Take the money of a held order as its payment
    Release(OrdersArgs),
}

/// The orders of a change.
#[derive(Debug, Args)]
pub struct OrdersArgs {
    /// The orders' ids
    #[arg(required = true)]
    pub ids: Vec<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    pub json: bool,
}

/// The arguments of the list of orders.
#[derive(Debug, Args)]
pub struct OrderListArgs {
    /// Orders in this state: created, paying, paid, printing, shipped, received, closed, refunding, refunded,
    /// refund_failed or held
    #[arg(long)]
    pub state: Option<String>,
    /// Print at most N rows; 0 prints all
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub limit: u64,
    /// A JSON object a line, instead of columns
    #[arg(long)]
    pub json: bool,
}

/// The arguments of lists.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Words as in the console; the fields stand below
    #[arg(long, default_value = "")]
    pub filter: String,
    /// Print at most N rows; 0 prints all
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub limit: u64,
    /// Reverse the order
    #[arg(long)]
    pub reverse: bool,
    /// Sort by this; the orders stand below
    #[arg(long)]
    pub order: Option<String>,
    /// A JSON object a line, instead of columns
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The sessions' ids
    #[arg(required_unless_present = "user")]
    pub sessions: Vec<String>,
    /// All sessions of the user with this public id
    #[arg(long, conflicts_with = "sessions")]
    pub user: Option<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct SessionArgs {
    /// The sessions' ids
    #[arg(required = true)]
    pub sessions: Vec<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct UserArgs {
    /// The users' public ids
    #[arg(required = true)]
    pub users: Vec<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct DrawingArgs {
    /// The public id of the user
    pub user: String,
    /// The drawings' ids
    #[arg(required = true)]
    pub drawings: Vec<String>,
    /// A JSON object for each, instead of words
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The public id of the user
    pub user: String,
    /// The drawings' ids
    #[arg(required = true)]
    pub drawings: Vec<String>,
    /// The form
    #[arg(long, value_enum, default_value = "json")]
    pub form: FormArg,
    /// A file, or a directory for several drawings; the standard output when absent
    #[arg(long, short)]
    pub output: Option<PathBuf>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FormArg {
    /// A picture of pixels
    Png,
    /// A picture of paths
    Svg,
    /// The drawing itself
    Json,
}

impl From<FormArg> for Form {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::Png => Self::Png,
            FormArg::Svg => Self::Svg,
            FormArg::Json => Self::Json,
        }
    }
}

impl ListArgs {
    /// The arguments with the state in the filter, unless the filter names one itself.
    pub fn of_state(mut self, state: StateArg) -> Self {
        let word = match state {
            StateArg::Held => "state:held",
            StateArg::Passed => "state:passed",
            StateArg::Removed => "state:removed",
            StateArg::All => return self,
        };
        if !self.filter.split_whitespace().any(|part| part.starts_with("state:")) {
            self.filter = format!("{word} {}", self.filter);
        }
        self
    }
}

/// Adds the filter fields and the orders of each list to its help.
pub fn describe(command: clap::Command) -> clap::Command {
    Kind::ALL.into_iter().fold(command, |command, kind| {
        if command.find_subcommand(kind.name()).is_none() {
            return command;
        }
        command.mut_subcommand(kind.name(), |list| list.after_help(help(kind)))
    })
}

fn help(kind: Kind) -> String {
    let fields: Vec<&str> = kind.fields().iter().map(|field| field.example).collect();
    let mut text = format!("Filter fields: {}", fields.join("  "));
    let orders = kind.orders().iter().filter(|order| !order.name.is_empty());
    let orders: Vec<String> = orders.map(|order| format!("{} ({})", order.name, order.words)).collect();
    if !orders.is_empty() {
        text.push_str(&format!("\nOrders: {}", orders.join(", ")));
    }
    text
}
