"""Adapters: no effect before training, alone trained, and part of the weights once merged."""

import copy

import pytest
import torch

from ud2m.nn import lora
from ud2m.nn.denoiser import Denoiser, DenoiserConfig

TOY = DenoiserConfig(2, (8, 16), (1, 1), 16)


def network():
    net = Denoiser(TOY)
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    return net


def arguments():
    return torch.randn(2, 3, 16, 24), torch.tensor([0.1, 0.5])


def stir(net):
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith("up"):
                value.normal_(std=0.3)


def test_new_adapters_change_nothing():
    net, x = network(), arguments()
    before = net(*x)
    assert len(lora.attach(net, 4)) == 14
    assert torch.equal(net(*x), before)


def test_only_adapters_learn():
    net = network()
    lora.attach(net, 2, targets="first|second")
    net(*arguments()).square().mean().backward()
    learning = {n for n, p in net.named_parameters() if p.grad is not None}
    assert learning == set(lora.adapter_state(net)) and all(
        n.endswith(("up", "down")) for n in learning
    )


def test_merging_leaves_the_plain_network_with_the_adapted_answer():
    net, x = network(), arguments()
    names = {n for n, _ in net.named_parameters()}
    lora.attach(net, 3, alpha=1.5)
    stir(net)
    adapted = net(*x)
    assert not torch.allclose(adapted, network()(*x))
    merged = lora.merge(net)
    assert {n for n, _ in merged.named_parameters()} == names
    assert torch.allclose(merged(*x), adapted, atol=1e-6)


def test_merging_a_copy_leaves_the_original_its_adapters():
    net, x = network(), arguments()
    lora.attach(net, 3, alpha=1.5)
    stir(net)
    adapted = net(*x)
    merged = lora.merge(copy.deepcopy(net))
    assert torch.allclose(merged(*x), adapted, atol=1e-6)
    assert torch.equal(net(*x), adapted) and len(lora.adapter_state(net)) == 28


def test_an_adapter_has_the_rank_it_was_given():
    net = network()
    before = net.bottom[0].first.weight.detach().clone()
    lora.attach(net, 3, targets="bottom.0.first")
    stir(net)
    change = (net.bottom[0].first.weight - before).flatten(1).detach()
    assert torch.linalg.matrix_rank(change, rtol=1e-4) == 3


def test_rank_zero_freezes_and_adapts_nothing():
    net = network()
    assert lora.attach(net, 0) == [] and not any(p.requires_grad for p in net.parameters())


def test_targets_that_match_nothing_are_named():
    with pytest.raises(ValueError, match="'attention'; choose other"):
        lora.attach(network(), 2, targets="attention")


def test_the_merged_state_can_be_taken_while_training_goes_on():
    net, x = network(), arguments()
    lora.attach(net, 3, alpha=1.5)
    stir(net)
    adapted, state = net(*x), lora.merged_state(net)
    plain = network()
    plain.load_state_dict(state)
    assert torch.allclose(plain(*x), adapted, atol=1e-6)
    assert torch.equal(net(*x), adapted), "the network keeps its adapters"
