//! The network: an encoder that hears half a minute at once, and a decoder that says one token after the other. What the
//! decoder has worked out for earlier tokens is kept while it speaks.

use candle_core::{D, Device, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};

use super::ModelError;
use super::mel::{BANDS, Mel};
use super::weights::Weights;

/// How many layers, or heads of one, a model may have.
const MOST: usize = 64;

/// A model.
#[derive(Debug)]
pub(super) struct Model {
    mel: Mel,
    encoder: Encoder,
    decoder: Decoder,
}

#[derive(Debug)]
struct Encoder {
    first: Convolution,
    second: Convolution,
    places: Tensor,
    layers: Vec<EncoderLayer>,
    norm: Norm,
}

#[derive(Debug)]
struct EncoderLayer {
    own: OwnAttention,
    widening: Widening,
}

#[derive(Debug)]
struct Decoder {
    /// A row for each token; turned, they say how likely each is.
    tokens: Tensor,
    likely: Tensor,
    places: Tensor,
    layers: Vec<DecoderLayer>,
    norm: Norm,
}

#[derive(Debug)]
struct DecoderLayer {
    own: OwnAttention,
    heard: HeardAttention,
    widening: Widening,
}

impl Model {
    pub(super) fn read(weights: &Weights<'_>) -> std::result::Result<Self, ModelError> {
        let shape = |name| match *weights.shape(name)? {
            [rows, columns] => Ok((rows, columns)),
            _ => Err(ModelError::new(format!("{name} is no table"))),
        };
        let (vocabulary, width) = shape("decoder/embeddings/weight")?;
        let (spoken, _) = shape("decoder/position_encodings/encodings")?;
        let (heard, _) = shape("encoder/position_encodings/encodings")?;
        let count = |part: &str| {
            let there = |n: &usize| weights.has(&format!("{part}/layer_{n}/ffn/linear_0/weight"));
            (0..MOST).take_while(there).count()
        };
        let heads = |part: &str| {
            let heads = weights.number(&format!("{part}/num_heads"))?;
            let fits = (1..=MOST).contains(&heads) && width % heads == 0;
            let unfit = || ModelError::new(format!("{width} numbers in {heads} heads"));
            fits.then_some(heads).ok_or_else(unfit)
        };
        let encoder_heads = heads("encoder")?;
        let layer = |n: usize| {
            let name = format!("encoder/layer_{n}");
            Ok(EncoderLayer {
                own: OwnAttention::read(weights, &name, width, encoder_heads)?,
                widening: Widening::read(weights, &name, width)?,
            })
        };
        let layers: std::result::Result<_, ModelError> = (0..count("encoder")).map(layer).collect();
        let encoder = Encoder {
            first: Convolution::read(weights, "encoder/conv1", BANDS, width, 1)?,
            second: Convolution::read(weights, "encoder/conv2", width, width, 2)?,
            places: weights.tensor("encoder/position_encodings/encodings", &[heard, width])?,
            layers: layers?,
            norm: Norm::read(weights, "encoder", width)?,
        };
        let decoder_heads = heads("decoder")?;
        let layer = |n: usize| {
            let name = format!("decoder/layer_{n}");
            Ok(DecoderLayer {
                own: OwnAttention::read(weights, &name, width, decoder_heads)?,
                heard: HeardAttention::read(weights, &name, width, decoder_heads)?,
                widening: Widening::read(weights, &name, width)?,
            })
        };
        let layers: std::result::Result<_, ModelError> = (0..count("decoder")).map(layer).collect();
        let tokens = weights.tensor("decoder/embeddings/weight", &[vocabulary, width])?;
        let decoder = Decoder {
            likely: tokens.t()?,
            tokens,
            places: weights.tensor("decoder/position_encodings/encodings", &[spoken, width])?,
            layers: layers?,
            norm: Norm::read(weights, "decoder", width)?,
        };
        let mel = Mel::new()?;
        Ok(Self {
            mel,
            encoder,
            decoder,
        })
    }

    /// How many steps of 20 ms it hears at once.
    pub(super) fn steps(&self) -> usize {
        self.encoder.places.dims().first().copied().unwrap_or(0)
    }

    /// How many tokens it says at most.
    pub(super) fn most_tokens(&self) -> usize {
        self.decoder.places.dims().first().copied().unwrap_or(0)
    }

    /// How many tokens there are.
    pub(super) fn vocabulary(&self) -> usize {
        self.decoder.tokens.dims().first().copied().unwrap_or(0)
    }

    /// Listens to samples, for this many steps of 20 ms, and is ready to say what it heard.
    pub(super) fn listen(&self, samples: &[f32], steps: usize) -> Result<Speaker<'_>> {
        let steps = steps.clamp(1, self.steps());
        let seen = self.mel.see(samples, 2 * steps)?.unsqueeze(0)?;
        let heard = self.encoder.hear(&seen, steps)?;
        let layers = self.decoder.layers.iter();
        let said = layers.map(|layer| {
            Ok(Said {
                heard: layer.heard.listen(&heard)?,
                own: None,
            })
        });
        Ok(Speaker {
            decoder: &self.decoder,
            said: said.collect::<Result<_>>()?,
            place: 0,
        })
    }
}

impl Encoder {
    fn hear(&self, seen: &Tensor, steps: usize) -> Result<Tensor> {
        let seen = self.second.apply(&self.first.apply(seen)?)?;
        let mut x = (seen.squeeze(0)?.t()?.contiguous()? + self.places.narrow(0, 0, steps)?)?;
        for layer in &self.layers {
            x = (&x + layer.own.attend(&x, &mut None)?)?;
            x = (&x + layer.widening.apply(&x)?)?;
        }
        self.norm.apply(&x)
    }
}

/// Says what was heard, token by token.
#[derive(Debug)]
pub(super) struct Speaker<'a> {
    decoder: &'a Decoder,
    said: Vec<Said>,
    place: usize,
}

/// What one layer remembers: keys and values of what was heard, and of the tokens so far.
#[derive(Debug)]
struct Said {
    heard: (Tensor, Tensor),
    own: Option<(Tensor, Tensor)>,
}

impl Speaker<'_> {
    /// Takes the next token, and tells for each token how likely it follows, as logarithms without a common place.
    pub(super) fn follow(&mut self, token: u32) -> Result<Vec<f32>> {
        let decoder = self.decoder;
        let token = Tensor::new(&[token], &Device::Cpu)?;
        let place = decoder.places.narrow(0, self.place, 1)?;
        self.place += 1;
        let mut x = (decoder.tokens.index_select(&token, 0)? + place)?;
        for (layer, said) in decoder.layers.iter().zip(&mut self.said) {
            x = (&x + layer.own.attend(&x, &mut said.own)?)?;
            x = (&x + layer.heard.attend(&x, &said.heard)?)?;
            x = (&x + layer.widening.apply(&x)?)?;
        }
        let x = decoder.norm.apply(&x)?;
        x.matmul(&decoder.likely)?.flatten_all()?.to_vec1()
    }
}

/// Attention of a sequence to itself. In the decoder the earlier tokens are remembered, and only those are attended to.
#[derive(Debug)]
struct OwnAttention {
    norm: Norm,
    input: Linear,
    output: Linear,
    heads: usize,
}

impl OwnAttention {
    fn read(
        weights: &Weights<'_>,
        layer: &str,
        width: usize,
        heads: usize,
    ) -> std::result::Result<Self, ModelError> {
        let name = format!("{layer}/self_attention");
        Ok(Self {
            norm: Norm::read(weights, &name, width)?,
            input: Linear::read(weights, &format!("{name}/linear_0"), width, 3 * width)?,
            output: Linear::read(weights, &format!("{name}/linear_1"), width, width)?,
            heads,
        })
    }

    fn attend(&self, x: &Tensor, earlier: &mut Option<(Tensor, Tensor)>) -> Result<Tensor> {
        let width = x.dim(D::Minus1)?;
        let parts = self.input.apply(&self.norm.apply(x)?)?;
        let part = |n: usize| by_head(&parts.narrow(1, n * width, width)?, self.heads);
        let (query, mut keys, mut values) = (part(0)?, part(1)?, part(2)?);
        if let Some((earlier_keys, earlier_values)) = earlier.take() {
            keys = Tensor::cat(&[&earlier_keys, &keys], 1)?;
            values = Tensor::cat(&[&earlier_values, &values], 1)?;
        }
        let attended = attention(&query, &keys, &values)?;
        *earlier = Some((keys, values));
        self.output.apply(&attended)
    }
}

/// Attention of the decoder to what was heard.
#[derive(Debug)]
struct HeardAttention {
    norm: Norm,
    query: Linear,
    heard: Linear,
    output: Linear,
    heads: usize,
}

impl HeardAttention {
    fn read(
        weights: &Weights<'_>,
        layer: &str,
        width: usize,
        heads: usize,
    ) -> std::result::Result<Self, ModelError> {
        let name = format!("{layer}/attention");
        Ok(Self {
            norm: Norm::read(weights, &name, width)?,
            query: Linear::read(weights, &format!("{name}/linear_0"), width, width)?,
            heard: Linear::read(weights, &format!("{name}/linear_1"), width, 2 * width)?,
            output: Linear::read(weights, &format!("{name}/linear_2"), width, width)?,
            heads,
        })
    }

    fn listen(&self, heard: &Tensor) -> Result<(Tensor, Tensor)> {
        let width = heard.dim(D::Minus1)?;
        let parts = self.heard.apply(heard)?;
        let part = |n: usize| by_head(&parts.narrow(1, n * width, width)?, self.heads);
        Ok((part(0)?, part(1)?))
    }

    fn attend(&self, x: &Tensor, (keys, values): &(Tensor, Tensor)) -> Result<Tensor> {
        let query = by_head(&self.query.apply(&self.norm.apply(x)?)?, self.heads)?;
        self.output.apply(&attention(&query, keys, values)?)
    }
}

/// Heads first, then rows.
fn by_head(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (rows, width) = x.dims2()?;
    let split = x.reshape((rows, heads, width / heads))?;
    split.transpose(0, 1)?.contiguous()
}

fn attention(query: &Tensor, keys: &Tensor, values: &Tensor) -> Result<Tensor> {
    let (heads, rows, width) = query.dims3()?;
    let query = (query * (width as f64).powf(-0.5))?;
    let shares = softmax_last_dim(&query.matmul(&keys.transpose(1, 2)?)?)?;
    let attended = shares.matmul(values)?.transpose(0, 1)?;
    attended.reshape((rows, heads * width))
}

/// Two products with a wider row between them.
#[derive(Debug)]
struct Widening {
    norm: Norm,
    wider: Linear,
    back: Linear,
}

impl Widening {
    fn read(
        weights: &Weights<'_>,
        layer: &str,
        width: usize,
    ) -> std::result::Result<Self, ModelError> {
        let name = format!("{layer}/ffn");
        Ok(Self {
            norm: Norm::read(weights, &name, width)?,
            wider: Linear::read(weights, &format!("{name}/linear_0"), width, 4 * width)?,
            back: Linear::read(weights, &format!("{name}/linear_1"), 4 * width, width)?,
        })
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let wider = self.wider.apply(&self.norm.apply(x)?)?;
        self.back.apply(&wider.gelu_erf()?)
    }
}

#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn read(
        weights: &Weights<'_>,
        name: &str,
        from: usize,
        to: usize,
    ) -> std::result::Result<Self, ModelError> {
        Ok(Self {
            weight: weights
                .tensor(&format!("{name}/weight"), &[to, from])?
                .t()?,
            bias: weights.tensor(&format!("{name}/bias"), &[to])?,
        })
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

#[derive(Debug)]
struct Norm {
    scale: Tensor,
    shift: Tensor,
}

impl Norm {
    fn read(
        weights: &Weights<'_>,
        of: &str,
        width: usize,
    ) -> std::result::Result<Self, ModelError> {
        Ok(Self {
            scale: weights.tensor(&format!("{of}/layer_norm/gamma"), &[width])?,
            shift: weights.tensor(&format!("{of}/layer_norm/beta"), &[width])?,
        })
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.scale, &self.shift, 1e-5)
    }
}

/// A convolution over three steps in time.
#[derive(Debug)]
struct Convolution {
    weight: Tensor,
    bias: Tensor,
    stride: usize,
}

impl Convolution {
    fn read(
        weights: &Weights<'_>,
        name: &str,
        from: usize,
        to: usize,
        stride: usize,
    ) -> std::result::Result<Self, ModelError> {
        let bias = weights.tensor(&format!("{name}/bias"), &[to])?;
        Ok(Self {
            weight: weights.tensor(&format!("{name}/weight"), &[to, from, 3])?,
            bias: bias.reshape((1, to, 1))?,
            stride,
        })
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let folded = x.conv1d(&self.weight, 1, self.stride, 1, 1)?;
        folded.broadcast_add(&self.bias)?.gelu_erf()
    }
}
