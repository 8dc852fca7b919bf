//! Whether the database answers.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, Micros};

/// The database's state as the last statements saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Well,
    /// It has not answered since then; what waits for it goes on when it is back.
    Away {
        since: Micros,
        message: String,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Watch(Arc<Mutex<Health>>);

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Health::Well)))
    }

    pub(crate) fn get(&self) -> Health {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of how a statement went, and hands its result on.
    pub(crate) fn note<T>(&self, now: Micros, result: Result<T, Error>) -> Result<T, Error> {
        let mut health = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Err(error @ (Error::Unavailable { .. } | Error::DiskFull)) => {
                if *health == Health::Well {
                    *health = Health::Away { since: now, message: error.to_string() };
                }
            }
            _ => {
                if *health != Health::Well {
                    *health = Health::Well;
                }
            }
        }
        drop(health);
        result
    }
}
