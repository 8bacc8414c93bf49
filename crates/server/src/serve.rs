use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use winsight_jobs::Workspace;

use crate::router::router;

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can be reached from elsewhere.
    #[error(
        "refusing to listen on {0}: there is no sign-in yet, so anyone who reaches that address \
         could read every deal; use a loopback address, like --listen 127.0.0.1:{port}",
        port = .0.port()
    )]
    NotLoopback(SocketAddr),
    /// Another program has the port.
    #[error("{0} is in use by another program; stop it, or choose another port with --listen")]
    Taken(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}; choose another address with --listen")]
    Bind(SocketAddr, #[source] io::Error),
    /// The server failed while it ran.
    #[error("the server stopped: {0}")]
    Stopped(#[source] io::Error),
}

/// A server that holds its port and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the port; port 0 takes a free one. Refuses any address but loopback.
    pub async fn bind(listen: SocketAddr) -> Result<Self, ServeError> {
        if !listen.ip().is_loopback() {
            return Err(ServeError::NotLoopback(listen));
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ServeError::Taken(listen),
            _ => ServeError::Bind(listen, error),
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens, with the port it took.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is done, then finishes the requests under way.
    pub async fn run(
        self,
        workspace: Arc<Workspace>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        tracing::info!(address = %self.address, "listening");
        axum::serve(self.listener, router(workspace))
            .with_graceful_shutdown(shutdown)
            .await
            .map_err(ServeError::Stopped)
    }
}
