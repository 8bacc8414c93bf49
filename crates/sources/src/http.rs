//! HTTP that withstands the faults of others.
//!
//! A request is sent until it is answered: each attempt has a time limit, and what failed for a
//! while is tried again after a random pause that grows (exponential backoff with full jitter), or
//! after as long as the other side says. Before each attempt stand the rate limit of the account, the
//! circuit breaker and the budget of requests.

mod backoff;
mod breaker;
mod budget;
mod client;
mod fault;
mod limiter;
mod limits;
mod pace;
mod reply;
mod request;
mod verdict;

pub use backoff::Backoff;
pub use breaker::{Breaker, BreakerState};
pub use budget::Budget;
pub use client::Client;
pub use limits::Limits;
pub use pace::{Pace, TestPace, WallPace};
pub use reply::Reply;
pub(crate) use reply::{is_cut_off, is_page};
pub use request::{Expect, Request};
pub use verdict::Verdict;
