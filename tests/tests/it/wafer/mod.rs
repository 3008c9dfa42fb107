//! The dialect of 2017: the successor's sign-in and sessions, on both backends.

mod login;
mod session;
