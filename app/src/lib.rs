//! The RepGeo browser explorer.
