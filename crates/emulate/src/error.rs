//! What can go wrong with a server.

/// Why a CRM cannot be emulated.
#[derive(Debug, thiserror::Error)]
pub enum EmulateError {
    /// The company cannot be made.
    #[error(transparent)]
    Company(#[from] winsight_simulate::SimulateError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another --listen, or port 0")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key for signing in cannot be made.
    #[error("cannot make a key for signing in")]
    Key,
    /// A webhook cannot be delivered.
    #[error("cannot deliver a webhook to {url}: {reason}")]
    Deliver {
        /// Where to.
        url: String,
        /// Why not.
        reason: String,
    },
}
