"""The parts that models are made of: the parameter tree, layers, attention and the three kinds of block."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.nn.attention import SelfAttention
    from tinyformer.nn.batch_norm import BatchNorm
    from tinyformer.nn.blocks import PostNormBlock, PreNormBlock
    from tinyformer.nn.cross_attention import CrossAttention
    from tinyformer.nn.decoder import DecoderBlock
    from tinyformer.nn.key_values import KeyValues
    from tinyformer.nn.layers import Embedding, LayerNorm, Linear
    from tinyformer.nn.module import Module
    from tinyformer.nn.padding import padding_mask

__getattr__, __dir__ = opens(
    __name__, attention="SelfAttention", batch_norm="BatchNorm", blocks="PostNormBlock PreNormBlock",
    cross_attention="CrossAttention", decoder="DecoderBlock", key_values="KeyValues", module="Module",
    layers="Embedding LayerNorm Linear", padding="padding_mask")
