"""Is a block of a transformer what other people understand by it?"""

import numpy as np
import pytest

from tinyformer import Tensor
from tinyformer.nn import PostNormBlock, PreNormBlock, SelfAttention, padding_mask

B, T, C, H = 2, 5, 8, 2


def _block(kind, **options):
    rng = np.random.default_rng(0)
    block = kind(C, H, 3 * C, rng, **options).to(dtype=np.float64)
    for p in block.parameters():
        p.data += 0.3 * rng.normal(size=p.shape)
    return block


def _by_torch(torch, x, weights, keep, *, post, causal, approximate, eps):
    """The block once more, written from the papers with PyTorch's functions."""
    F = torch.nn.functional

    def norm(x, name):
        return F.layer_norm(x, (C,), weights[f"{name}.gain"], weights[f"{name}.bias"], eps)

    def linear(x, name):
        return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def attend(x):
        query, key, value = (part.view(B, T, H, C // H).transpose(1, 2)
                             for part in linear(x, "attend.project").split(C, dim=-1))
        scores = query @ key.transpose(-1, -2) / (C // H) ** 0.5
        seen = torch.tensor(keep)[:, None, None, :] & (torch.ones(T, T).tril().bool() if causal else True)
        shares = scores.masked_fill(~seen, -torch.inf).softmax(-1)
        return linear((shares @ value).transpose(1, 2).reshape(B, T, C), "attend.out")

    def feed(x):
        return linear(F.gelu(linear(x, "feed.widen"), approximate=approximate), "feed.narrow")

    if post:
        x = norm(x + attend(x), "attend_norm")
        return norm(x + feed(x), "feed_norm")
    x = x + attend(norm(x, "attend_norm"))
    return x + feed(norm(x, "feed_norm"))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind, approximate, eps", [(PostNormBlock, "none", 1e-12), (PreNormBlock, "tanh", 1e-5)])
def test_forward_and_backward_agree_with_pytorch(kind, approximate, eps, causal):
    torch = pytest.importorskip("torch", reason="PyTorch is the outside oracle")
    rng = np.random.default_rng(3)
    x, cotangent = rng.normal(size=(2, B, T, C))
    keep = np.array([[True] * T, [True] * (T - 2) + [False] * 2])
    block = _block(kind, causal=causal, approximate=approximate, eps=eps)

    ours = Tensor(x)
    out = block(ours, padding_mask(keep, ours))
    out.backward(cotangent)
    theirs = torch.tensor(x, requires_grad=True)
    weights = {name: torch.tensor(p.data, requires_grad=True) for name, p in block.named_parameters().items()}
    expected = _by_torch(torch, theirs, weights, keep, post=kind is PostNormBlock, causal=causal,
                         approximate=approximate, eps=eps)
    expected.backward(torch.tensor(cotangent))

    _close(out.data, expected.detach())
    _close(ours.grad, theirs.grad)
    for name, p in block.named_parameters().items():
        _close(p.grad, weights[name].grad)


def _close(a, b):
    b = b.numpy()
    assert np.abs(a - b).max() <= 1e-10 * max(np.abs(b).max(), 1)


def test_the_weights_to_look_at_are_those_that_are_used():
    """Values are mixed by `weights`: with them laid bare, the output can be made once more."""
    rng = np.random.default_rng(0)
    attend = SelfAttention(C, H, rng).to(dtype=np.float64)
    x = Tensor(rng.normal(size=(B, T, C)))
    keep = padding_mask(np.array([[True] * T, [True, True, False, True, False]]), x)
    shares = attend.weights(x, keep, causal=True).data         # (B, H, T, T)
    np.testing.assert_allclose(shares.sum(-1), 1, rtol=1e-12)
    assert not np.triu(shares, 1).any() and not shares[1, :, :, [2, 4]].any()
    value = attend.project(x).data[..., 2 * C:].reshape(B, T, H, C // H)
    mixed = np.einsum("bhts,bshd->bthd", shares, value).reshape(B, T, C)
    np.testing.assert_allclose(attend(x, keep, causal=True).data, attend.out(Tensor(mixed)).data, rtol=1e-10,
                               atol=1e-14)


def test_a_mask_that_hides_nothing_is_no_mask():
    x = Tensor(np.zeros((1, 2, 4)))
    assert padding_mask(None, x) is None and padding_mask(np.ones((1, 2), bool), x) is None
    assert padding_mask(np.array([[True, False]]), x).shape == (1, 1, 1, 2)


def test_heads_must_share_the_width_equally():
    with pytest.raises(ValueError, match="width 8 is not a multiple of heads 3"):
        SelfAttention(8, 3, None)
