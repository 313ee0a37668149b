//! Pooling: windows that slide over a map, or all of it.

use super::{GraphBuilder, Window};
use crate::data::ImageShape;
use crate::model::{ModelError, NodeId, Operation, Shape};

impl GraphBuilder {
    /// Maximum over windows.
    ///
    /// # Errors
    /// [`ModelError`] when the windows do not fit.
    pub fn max_pool(&mut self, kernel: usize, stride: usize, padding: usize) -> Result<NodeId, ModelError> {
        // A window that lay wholly in the padding would have no maximum.
        if padding > kernel / 2 {
            return Err(self.error("max pooling", format!("padding up to {}", kernel / 2), padding.to_string()));
        }
        let window = Window { kernel, stride, padding };
        self.pool("max pooling", self.current(), Operation::MaxPool2d { kernel, stride, padding }, window)
    }

    /// Mean over windows.
    ///
    /// # Errors
    /// [`ModelError`] when the windows do not fit.
    pub fn avg_pool(&mut self, kernel: usize, stride: usize, padding: usize) -> Result<NodeId, ModelError> {
        self.avg_pool_of(self.current(), kernel, stride, padding)
    }

    /// Mean over windows of the node `from`.
    ///
    /// # Errors
    /// [`ModelError`] when the windows do not fit.
    pub fn avg_pool_of(
        &mut self,
        from: NodeId,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> Result<NodeId, ModelError> {
        let window = Window { kernel, stride, padding };
        self.pool("average pooling", from, Operation::AvgPool2d { kernel, stride, padding }, window)
    }

    /// Mean over windows of the node `from` that cover it evenly, `side` rows and columns of them.
    ///
    /// # Errors
    /// [`ModelError`] when it is not a map.
    pub fn adaptive_avg_pool_of(&mut self, from: NodeId, side: usize) -> Result<NodeId, ModelError> {
        let map = self.map_at("adaptive average pooling", from)?;
        let shape = ImageShape { channels: map.channels, height: side, width: side };
        self.push("adaptive average pooling", Operation::AdaptiveAvgPool2d, vec![from], Shape::Map(shape))
    }

    /// Mean over all positions.
    ///
    /// # Errors
    /// [`ModelError`] when the current node is not a map.
    pub fn global_avg_pool(&mut self) -> Result<NodeId, ModelError> {
        let map = self.map_at("global average pooling", self.current())?;
        self.push("avgpool", Operation::GlobalAvgPool, vec![self.current()], Shape::Vector(map.channels))
    }

    fn pool(&mut self, part: &str, from: NodeId, operation: Operation, window: Window) -> Result<NodeId, ModelError> {
        let map = self.map_at(part, from)?;
        let shape = ImageShape {
            channels: map.channels,
            height: self.slide(part, map.height, window)?,
            width: self.slide(part, map.width, window)?,
        };
        self.push(part, operation, vec![from], Shape::Map(shape))
    }
}
