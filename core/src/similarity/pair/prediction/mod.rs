//! Measures of how well one layer predicts another.

pub(in crate::similarity) mod gulp;
pub(in crate::similarity) mod leave_one_out;
pub(in crate::similarity) mod linear_regression;

pub use linear_regression::LinearRegression;
