//! How it was settled which network a checkpoint is.

/// What was settled of a network for given images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settled {
    /// What the images say of it, where they were asked.
    pub evidence: Option<Evidence>,
    /// What a user should look at, one sentence each.
    pub warnings: Vec<String>,
}

/// What images say of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Number of images.
    pub images: usize,
    /// The share of images that are classified as they are labelled; absent without labels that fit.
    pub accuracy: Option<f64>,
    /// How unlike those of the training the values are that batch normalisations see; absent without any.
    pub divergence: Option<Divergence>,
}

/// How unlike the training's the values are that batch normalisations see: of each channel the divergence
/// `KL(N(m, v) ‖ N(0, 1)) = (v + m² - 1 - ln v) / 2` of the normal distributions with the moments that are seen and those
/// that the running statistics say; the mean over channels, then over layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// The median over layers.
    pub median: f64,
    /// The largest.
    pub largest: f64,
}
