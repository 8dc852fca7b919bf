/// The way out of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Outlet;
