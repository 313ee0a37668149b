//! Which plain CNNs have given layers. Tensors do not say where maps are padded, pooled and strided, so every usual way that
//! leaves as many values as the first linear layer takes is a candidate.

use super::infer::{FAMILY, FoundConv};
use super::likelihood::{
    ALEXNET, COLOUR_SIDES, DQN, likelihood, modules as holders, names_say, pooled_between, usual_sides,
};
use super::pooling::{Pooling, broadcast, expected};
use super::{Cnn, ConvBlock, Head};
use crate::data::ImageShape;
use crate::model::hidden::without_room;
use crate::model::layers::inconsistent;
use crate::model::modules::{self, Module};
use crate::model::{Activation, InferenceError, LayerOrder, LinearLayer, Pool, Said};

/// The largest side of an image that is tried where no usual one fits.
const LARGEST_SIDE: usize = 256;
/// The layers of a plain CNN, in order.
pub(super) struct Found {
    pub(super) convs: Vec<FoundConv>,
    /// The batch normalisation of each convolution.
    pub(super) norms: Vec<Option<String>>,
    pub(super) linear: Vec<LinearLayer>,
    /// The weight of the first linear layer, and what it reads.
    pub(super) features: Option<(String, usize)>,
    pub(super) order: LayerOrder,
}

/// What tensors do not say of the convolutions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    strides: Vec<usize>,
    paddings: Vec<usize>,
    pools: Vec<Option<Pool>>,
}

impl Found {
    /// All candidates, the likeliest first.
    ///
    /// # Errors
    /// [`InferenceError`] when there is none, or a choice cannot be read.
    pub(super) fn members(&self, said: &Said<'_>) -> Result<Vec<Cnn>, InferenceError> {
        let pools = self.pools(said)?;
        match pools.fixed.is_none().then_some(pools.suggested.as_ref()).flatten() {
            Some(suggested) => {
                let fixed = Pooling { fixed: Some(suggested.clone()), ..pools.clone() };
                self.members_with(said, &fixed).or_else(|_| self.members_with(said, &pools))
            }
            None => self.members_with(said, &pools),
        }
    }

    fn members_with(&self, said: &Said<'_>, pools: &Pooling) -> Result<Vec<Cnn>, InferenceError> {
        let ways = self.ways(said, pools)?;
        let image = said.of::<usize>("image", "the side of the images in pixels")?;
        let head = head_said(said)?;
        let Some((weight, features)) = &self.features else {
            let head = head.unwrap_or(Head::GlobalAverage);
            let side = |way: &Way| match (image, head) {
                (Some(image), _) => image,
                (None, Head::Flatten) => self.image_for(way, 1, None).unwrap_or(self.usual_sides()[0]),
                (None, _) => self.usual_sides()[0],
            };
            return Ok(ways.iter().map(|way| self.build(side(way), way, head)).collect());
        };
        let channels = self.convs[self.convs.len() - 1].outputs.max(1);
        let side = (features / channels).isqrt();
        if side == 0 || side * side * channels != *features {
            let expected = format!("{channels} channels of a square map as inputs");
            return Err(inconsistent(FAMILY, weight, expected, format!("{features} inputs")));
        }
        let heads = match head {
            Some(head) => vec![head],
            None if modules::averaged(said.modules()) == Some(side) => {
                vec![if side == 1 { Head::GlobalAverage } else { Head::Adaptive(side) }]
            }
            None if self.is_adaptive(side) => vec![Head::Adaptive(side)],
            None if side == 1 => vec![Head::Flatten, Head::GlobalAverage],
            None => vec![Head::Flatten],
        };
        let mut found = Vec::new();
        // What the linear part reads has to be what the head yields.
        let yields = |head: &Head| match head {
            Head::Flatten => true,
            Head::GlobalAverage => side == 1,
            Head::Adaptive(own) => *own == side,
        };
        for head in heads.into_iter().filter(yields) {
            let open = pools.fixed.is_none() && pools.known.last().is_none_or(Option::is_none);
            for way in &ways {
                match head {
                    Head::Flatten => {
                        if let Some(image) = self.image_for(way, side, image) {
                            push_new(&mut found, self.build(image, way, head));
                        }
                    }
                    // Before means the last map is not made smaller once more, unless it is said or named.
                    Head::GlobalAverage if open && way.pools.last().is_some_and(Option::is_some) && side == 1 => {
                        let mut way = way.clone();
                        way.pools.pop();
                        way.pools.push(None);
                        push_new(&mut found, self.build(image.unwrap_or(self.usual_sides()[0]), &way, head));
                    }
                    Head::GlobalAverage | Head::Adaptive(_) => {
                        let image =
                            image.unwrap_or(if head == Head::GlobalAverage { self.usual_sides()[0] } else { 224 });
                        push_new(&mut found, self.build(image, way, head));
                    }
                }
            }
        }
        if found.is_empty() {
            let sides: Vec<String> = self.usual_sides().iter().map(usize::to_string).collect();
            let expected = format!(
                "what square images of {} pixels leave after {} convolutions and pooling, or stride, padding and pool said of \
                 each convolution (--architecture stride=2+1,padding=0+1,pool=max:2+none)",
                sides.join(", "),
                self.convs.len()
            );
            return Err(inconsistent(FAMILY, weight, expected, format!("{side} × {side} positions")));
        }
        // The order of those that are as likely stays.
        found.sort_by_key(|cnn| std::cmp::Reverse(likelihood(cnn)));
        Ok(found)
    }

    /// All usual ways to pad, stride and pool, or those that were said.
    fn ways(&self, said: &Said<'_>, pooling: &Pooling) -> Result<Vec<Way>, InferenceError> {
        let count = self.convs.len();
        let what = expected("a number", count);
        let of_each = |key: &'static str| -> Result<Option<Vec<usize>>, InferenceError> {
            broadcast(said.list(key, &what)?, count, key, &what)
        };
        let of_modules = |attribute: fn(&Module) -> Option<usize>| -> Option<Vec<usize>> {
            self.convs.iter().map(|conv| said.modules().get(&conv.name).and_then(attribute)).collect()
        };
        let strides = of_each("stride")?.or_else(|| of_modules(|conv| conv.whole("stride")));
        let paddings = of_each("padding")?.or_else(|| of_modules(Module::padding));
        let pools = &pooling.fixed;
        let usual_strides: Vec<usize> =
            self.convs.iter().enumerate().map(|(i, conv)| self.usual_stride(i, conv.kernel)).collect();
        let usual_paddings = self.usual_paddings();
        let mut ways = Vec::new();
        let kernels: Vec<usize> = self.convs.iter().map(|conv| conv.kernel).collect();
        let alexnet = kernels == ALEXNET && pools.is_none();
        let mut patterns = self.pool_patterns();
        if pooling.usual.is_some() {
            patterns.retain(|pattern| pattern.contains(&true));
        }
        for pooled in &patterns {
            let max = |(i, &pooled): (usize, &bool)| match (alexnet, pooled) {
                (true, _) => [0, 1, 4].contains(&i).then(|| Pool { stride: 2, ..Pool::max(3) }),
                (false, pooled) => pooled.then(|| pooling.usual.unwrap_or(Pool::max(2))),
            };
            let known =
                |place: (usize, &bool)| pooling.known.get(place.0).copied().flatten().unwrap_or_else(|| max(place));
            let usual_pools: Vec<Option<Pool>> = pooled.iter().enumerate().map(known).collect();
            for usual in &usual_paddings {
                let paddings = paddings.clone().unwrap_or_else(|| usual.clone());
                let pooled_way = Way {
                    strides: strides.clone().unwrap_or_else(|| usual_strides.clone()),
                    paddings: paddings.clone(),
                    pools: pools.clone().unwrap_or(usual_pools.clone()),
                };
                push_new(&mut ways, pooled_way);
            }
        }
        // Strides in place of pooling.
        if strides.is_none()
            && pooling.usual.is_none()
            && pools.as_ref().is_none_or(|pools| pools.iter().all(Option::is_none))
            && !alexnet
        {
            let plain = usual_strides.iter().all(|&stride| stride == 1);
            for shrinking in self.stride_patterns().iter().filter(|_| plain) {
                for usual in &usual_paddings {
                    let strides = shrinking.iter().map(|&shrinks| if shrinks { 2 } else { 1 }).collect();
                    let paddings = paddings.clone().unwrap_or_else(|| usual.clone());
                    push_new(&mut ways, Way { strides, paddings, pools: vec![None; count] });
                }
            }
        }
        Ok(ways)
    }

    /// Larger kernels and even ones are usually strided.
    fn usual_stride(&self, index: usize, kernel: usize) -> usize {
        match kernel {
            4 if self.convs.iter().map(|conv| conv.kernel).eq(DQN) => 2,
            8 if index == 0 => 4,
            11 if index == 0 => 4,
            7 if index == 0 => 2,
            2 | 4 => 2,
            _ => 1,
        }
    }

    /// The usual ways to pad: so that maps keep their size, nowhere, and, as LeNet for images of 28 × 28, the first.
    fn usual_paddings(&self) -> Vec<Vec<usize>> {
        let same = |conv: &FoundConv| if conv.kernel == 11 { 2 } else { conv.kernel.saturating_sub(1) / 2 };
        let all: Vec<usize> = self.convs.iter().map(same).collect();
        let first = all.iter().enumerate().map(|(i, &padding)| if i == 0 { padding } else { 0 }).collect();
        let mut usual = Vec::new();
        for paddings in [all, vec![0; self.convs.len()], first] {
            push_new(&mut usual, paddings);
        }
        usual
    }

    /// Whether the linear part reads means over parts of the map, as torchvision's VGG and AlexNet do.
    fn is_adaptive(&self, side: usize) -> bool {
        let named = self.convs.iter().all(|conv| conv.name.contains("features."));
        let alexnet = self.convs.iter().map(|conv| conv.kernel).eq(ALEXNET) && side == 6;
        let vgg = side == 7 && self.convs.len() >= 8 && self.convs.iter().all(|conv| conv.kernel == 3);
        named && (alexnet || vgg)
    }

    fn usual_sides(&self) -> &'static [usize] {
        self.convs.first().map_or(COLOUR_SIDES, |conv| usual_sides(conv.inputs, conv.kernel))
    }

    /// The side of the images of which this way leaves `wanted`: the one that was said, else a usual one, else the smallest
    /// of all.
    fn image_for(&self, way: &Way, wanted: usize, said: Option<usize>) -> Option<usize> {
        let leaves = |image: &usize| self.side_after(*image, way) == Some(wanted);
        match said {
            Some(image) => Some(image).filter(leaves),
            None => {
                let usual = self.usual_sides().iter().copied().find(leaves);
                let unusual = || way.is_said_or_plain().then(|| (1..=LARGEST_SIDE).find(leaves)).flatten();
                usual.or_else(unusual)
            }
        }
    }

    /// The usual ways to pool: after each convolution, after every second, after the last, nowhere. Where numbers in a
    /// sequence's names say what stands between the convolutions, only the last is open, and first taken to be pooled
    /// when any other is.
    fn pool_patterns(&self) -> Vec<Vec<bool>> {
        let count = self.convs.len();
        let usual: [&dyn Fn(usize) -> bool; 5] =
            [&|_| true, &|i| i % 2 == 1, &|i| i + 1 == count, &|_| false, &|i| i + 1 < count];
        let mut patterns = Vec::new();
        for pooled in usual {
            let known = |i| self.pooled_by_name(i).unwrap_or_else(|| pooled(i));
            push_new(&mut patterns, (0..count).map(known).collect());
        }
        let modules = holders(&self.names());
        if modules.array_windows().any(|[a, b]| a == b) {
            let ends = |i: usize| self.pooled_by_name(i).unwrap_or(modules.get(i + 1) != modules.get(i));
            push_new(&mut patterns, (0..count).map(ends).collect());
        }
        let (names, normalised) = (self.names(), self.normalised());
        let pooled_before_last = (0..count).any(|i| self.pooled_by_name(i) == Some(true));
        if names_say(&names, &normalised) && !pooled_before_last {
            patterns.reverse();
        }
        patterns
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.convs.iter().map(|conv| conv.name.as_str()).collect()
    }

    fn normalised(&self) -> Vec<bool> {
        self.norms.iter().map(Option::is_some).collect()
    }

    /// The usual ways to stride: all, every second, all but the first.
    fn stride_patterns(&self) -> Vec<Vec<bool>> {
        let count = self.convs.len();
        if (0..count).any(|i| self.pooled_by_name(i) == Some(true)) {
            return Vec::new();
        }
        let usual: [&dyn Fn(usize) -> bool; 4] = [&|_| true, &|i| i % 2 == 1, &|i| i > 0, &|i| i + 1 == count];
        let mut patterns = Vec::new();
        for shrinks in usual {
            push_new(&mut patterns, (0..count).map(shrinks).collect());
        }
        patterns
    }

    fn pooled_by_name(&self, conv: usize) -> Option<bool> {
        let next = self.convs.get(conv + 1)?;
        pooled_between(&self.convs[conv].name, self.norms[conv].is_some(), &next.name)
    }

    /// The side that is left of an image's side.
    fn side_after(&self, input: usize, way: &Way) -> Option<usize> {
        let mut each = self.convs.iter().zip(&way.strides).zip(way.paddings.iter().zip(&way.pools));
        each.try_fold(input, |side, ((conv, &stride), (&padding, pool))| {
            let room = side.checked_add(padding.checked_mul(2)?)?.checked_sub(conv.kernel)?;
            let convolved = room.checked_div(stride)?.checked_add(1)?;
            match pool {
                Some(pool) => pool.side_after(convolved),
                None => Some(convolved),
            }
        })
    }

    fn build(&self, side: usize, way: &Way, head: Head) -> Cnn {
        let channels = self.convs[0].inputs;
        let (activations, mut linear) = (self.activations(way, head), self.linear.clone());
        let block = |i: usize, conv: &FoundConv| ConvBlock {
            name: conv.name.clone(),
            channels: conv.outputs,
            kernel: conv.kernel,
            stride: way.strides[i],
            padding: way.paddings[i],
            groups: conv.groups,
            bias: conv.bias,
            batch_norm: self.norms[i].clone(),
            pool: way.pools[i],
            activation: activations.get(i).copied().flatten(),
        };
        let input = ImageShape { channels, height: side, width: side };
        let blocks = self.convs.iter().enumerate().map(|(i, conv)| block(i, conv)).collect();
        let of_linear = activations.iter().skip(self.convs.len());
        linear.iter_mut().zip(of_linear).for_each(|(layer, own)| layer.activation = *own);
        Cnn { order: self.order, ..Cnn::new(input, blocks, head, linear) }
    }

    /// No activation after layers that leave no room for one in their sequence: what stands between them is a normalisation,
    /// the pooling, and what makes a vector of a map.
    fn activations(&self, way: &Way, head: Head) -> Vec<Option<Activation>> {
        let names: Vec<&str> =
            self.names().into_iter().chain(self.linear.iter().map(|layer| layer.name.as_str())).collect();
        let to_vector = match head {
            Head::Flatten => 1,
            Head::GlobalAverage | Head::Adaptive(_) => 2,
        };
        let last = self.convs.len().saturating_sub(1);
        let after_conv = |(i, pool): (usize, &Option<Pool>)| {
            let vector = if i == last { to_vector } else { 0 };
            usize::from(self.norms[i].is_some()) + usize::from(pool.is_some()) + vector
        };
        let after_linear = self.linear.iter().map(|layer| usize::from(layer.norm.is_some()));
        let between: Vec<usize> = way.pools.iter().enumerate().map(after_conv).chain(after_linear).collect();
        let without_room = without_room(&names, &between);
        without_room.into_iter().map(|without_room| without_room.then_some(Activation::Identity)).collect()
    }
}

impl Way {
    /// Whether images of any size may be meant: nothing is strided.
    fn is_said_or_plain(&self) -> bool {
        self.strides.iter().all(|&stride| stride == 1)
    }
}

fn head_said(said: &Said<'_>) -> Result<Option<Head>, InferenceError> {
    let expected = "flatten, global-average or a form such as adaptive:6";
    let Some(text) = said.of::<String>("head", expected)? else { return Ok(None) };
    let refused =
        || InferenceError::Choice { key: "head".to_owned(), expected: expected.to_owned(), found: text.clone() };
    match text.as_str() {
        "flatten" => Ok(Some(Head::Flatten)),
        "global-average" => Ok(Some(Head::GlobalAverage)),
        other => {
            let side =
                other.strip_prefix("adaptive:").and_then(|side| side.parse().ok()).filter(|&side: &usize| side > 0);
            side.map(|side| Some(Head::Adaptive(side))).ok_or_else(refused)
        }
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
