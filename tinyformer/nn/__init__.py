"""The parts that models are made of: the parameter tree, layers, attention and the three kinds of block."""

from tinyformer.nn.attention import SelfAttention
from tinyformer.nn.blocks import PostNormBlock, PreNormBlock
from tinyformer.nn.cross_attention import CrossAttention
from tinyformer.nn.decoder import DecoderBlock
from tinyformer.nn.key_values import KeyValues
from tinyformer.nn.layers import Embedding, LayerNorm, Linear
from tinyformer.nn.masks import padding_mask
from tinyformer.nn.module import Module

__all__ = ["CrossAttention", "DecoderBlock", "Embedding", "KeyValues", "LayerNorm", "Linear", "Module",
           "PostNormBlock", "PreNormBlock", "SelfAttention", "padding_mask"]
