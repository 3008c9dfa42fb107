//! The measured inputs and how they were measured, and the assumed machines.

/// A number for each of [`Kind`](super::day::Kind), in their order: sign-in, renewal, me, gallery, read, append,
/// picture, 2016 list, 2016 save.
pub type OfKinds = [f64; 9];

/// Maximum requests a second by `make bench`: one server on two cores, shared with the load and the databases. Renewals
/// are assumed to cost as much as sign-ins. Pictures of the gallery have 512 pixels, those of `png-cold` 256: they take
/// less than twice as long.
pub const EMBEDDED: OfKinds =
    [4_300.0, 4_300.0, 37_400.0, 17_300.0, 25_100.0, 15_900.0, 3_500.0 / 2.0, 13_400.0, 5_900.0];
/// Maximum requests a second on Redis and a MongoDB-wire server.
pub const SHARED: OfKinds =
    [2_050.0, 2_050.0, 9_200.0, 3_600.0, 5_600.0, 1_800.0, 1_500.0 / 2.0, 3_400.0, 1_700.0];

/// Bytes of a reply, its head and TLS included, as nginx compresses it: a gallery of 20 (1.4 kB), a drawing of 20
/// strokes (2.4 kB) and a picture of 512 pixels (36 kB), each the mean of 240 drawings made of real strokes, and half
/// a kilobyte of head; 20 of the bench's 2016 drawings (24 kB).
pub const REPLY_BYTES: OfKinds = [900.0, 900.0, 900.0, 1_900.0, 2_900.0, 700.0, 36_500.0, 24_500.0, 700.0];

/// Bytes of a point as stored, its share of the action's own included: strokes of the Omniglot dataset at 60 Hz and at
/// four times their speed, since fingers are faster than the mice that drew them. The server's own count (`usage`)
/// over 18,879 such strokes of 31 points. `cargo run -p yibi-common --example bytes_per_point` tells of other speeds.
pub const POINT_BYTES: f64 = 2.15;
/// Bytes of a 2016 save of four lines of fifty points, compressed.
pub const SAVE_BYTES: f64 = 1_200.0;
/// Bytes of the embedded file for each byte stored: 1,000 drawings of those strokes, appended one by one.
pub const SQLITE: f64 = 1.9;
/// Bytes of collections and indexes for each byte stored, in the MongoDB-wire server of the tests on WiredTiger,
/// without its oplog.
pub const MONGODB: f64 = 2.7;
/// Bytes of a session in Redis, with its code, its place in the indexes and Redis' own: `used_memory` over 3,000
/// sign-ins of as many people.
pub const SESSION_BYTES: f64 = 1_720.0;

/// Utilization of a server at the busiest minute.
pub const BUSY: f64 = 0.5;
/// The bounds and their values, in the order of the demands in `report.rs`.
pub const BOUNDS: [(&str, f64); 10] = [
    ("one server of the bench's, embedded, half busy", 1.0),
    ("one server of the bench's with Redis and MongoDB, half busy", 1.0),
    ("a line of 5 Mbit/s, as small cloud machines have it", 5.0),
    ("a line of 100 Mbit/s", 100.0),
    ("pictures of four cores that only draw, half busy", 3_400.0 / 2.0 * 4.0 / 2.0 * BUSY),
    ("100 GB in the embedded file within a year", 100.0),
    ("2 TB in a MongoDB replica set within a year", 2.0),
    ("4,000 writes/s of a MongoDB primary with an NVMe disk", 4_000.0),
    ("40,000 commands/s of one Redis, one for each request", 40_000.0),
    ("8 GB of sessions in one Redis", 8.0),
];
