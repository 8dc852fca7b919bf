//! Users, tokens, roles, secrets, audit.
