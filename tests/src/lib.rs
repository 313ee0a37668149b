/// Placeholder for the checks that are shared by the test files.
