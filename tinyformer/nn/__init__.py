"""The parts that models are made of: the parameter tree, layers, attention and the two kinds of block."""

from tinyformer.nn.attention import SelfAttention
from tinyformer.nn.blocks import PostNormBlock, PreNormBlock
from tinyformer.nn.layers import Embedding, LayerNorm, Linear
from tinyformer.nn.masks import padding_mask
from tinyformer.nn.module import Module

__all__ = ["Embedding", "LayerNorm", "Linear", "Module", "PostNormBlock", "PreNormBlock", "SelfAttention",
           "padding_mask"]
