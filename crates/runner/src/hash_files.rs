//! hash_files
