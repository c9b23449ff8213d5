"""The problems of ``bench_dynamics.py`` with torchdiffeq, torchcde and torchsde."""

from __future__ import annotations

import itertools

from dynamics_problems import HIDDEN, LATENT, RATES, SDE, WIDTH, batches, data, timed


def theirs(problem: str, steps: int) -> dict[str, float]:
    import torch

    torch.manual_seed(0)
    arrays = [torch.tensor(a, dtype=torch.float32) for a in data(problem)]
    model, loss = THEIRS[problem](arrays[0])
    optimizer = torch.optim.Adam(model.parameters(), RATES[problem])
    rows = torch.tensor(batches(problem, len(arrays[1]), steps))

    def advance(i: int) -> float:
        batch = arrays[1:] if problem == "ode" else [a[rows[i]] for a in arrays[1:]]
        optimizer.zero_grad()
        value = loss(*batch)
        value.backward()
        optimizer.step()
        return value.item()

    return {"parameters": sum(p.numel() for p in model.parameters())} | timed(advance, problem, steps)


def _torch_net(inputs: int, outputs: int, width: int, depth: int, activation, final=None):
    from torch import nn

    sizes = [inputs, *[width] * depth]
    layers = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), activation())]
    return nn.Sequential(*layers, nn.Linear(width, outputs), *([final()] if final else []))


def _their_ode(times):
    from torch import nn
    from torchdiffeq import odeint

    net = _torch_net(2, 2, 50, 1, nn.Tanh)
    field = lambda t, y: net(y**3)
    solution = lambda y0: odeint(field, y0, times, rtol=1e-4, atol=1e-4, method="dopri5")
    return net, lambda truth: ((solution(truth[0]) - truth) ** 2).sum()


def _their_latent_ode(times):
    import torch
    from torch import nn
    from torchdiffeq import odeint

    parts = nn.ModuleDict(
        {
            "gru": nn.GRU(2, HIDDEN, batch_first=True),
            "head": nn.Linear(HIDDEN, 2 * LATENT),
            "field": _torch_net(LATENT, LATENT, WIDTH, 2, nn.Softplus, nn.Tanh),
            "decoder": nn.Linear(LATENT, 2),
        }
    )

    def loss(values):
        _, h = parts["gru"](values.flip(1))
        mean, log_std = parts["head"](h[0]).chunk(2, -1)
        z0 = mean + log_std.exp() * torch.randn_like(mean)
        latents = odeint(lambda t, z: parts["field"](z), z0, times, rtol=1e-3, atol=1e-3, method="dopri5")
        found = parts["decoder"](latents).transpose(0, 1)
        likelihood = 0.5 * (((found - values) / 0.3) ** 2).sum() / len(values)
        return likelihood + 0.5 * (mean**2 + (2 * log_std).exp() - 2 * log_std - 1).sum(-1).mean()

    return parts, loss


def _their_cde(times):
    import torchcde
    from torch import nn
    from torch.nn import functional as F

    class CDE(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = _torch_net(8, 24, 128, 1, nn.Softplus, nn.Tanh)
            self.first, self.last = nn.Linear(3, 8), nn.Linear(8, 1)

        def forward(self, t, z):
            return self.net(z).view(*z.shape[:-1], 8, 3)

    model = CDE()

    def loss(values, labels):
        coefficients = torchcde.hermite_cubic_coefficients_with_backward_differences(values, times)
        path = torchcde.CubicSpline(coefficients, times)
        options = {"adjoint": False, "method": "dopri5", "rtol": 1e-3, "atol": 1e-3}
        z = torchcde.cdeint(path, model, model.first(values[:, 0]), path.interval, **options)
        return F.binary_cross_entropy_with_logits(model.last(z[:, -1])[:, 0], labels)

    return model, loss


def _their_latent_sde(times):
    import torch
    import torchsde
    from torch import nn

    latent, context, hidden, noise = SDE["latent"], SDE["context"], SDE["hidden"], SDE["noise"]

    class Latent(nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def __init__(self):
            super().__init__()
            # The reader is told which values are missing, as ours is: here none.
            self.gru, self.to_context = nn.GRU(6, hidden, batch_first=True), nn.Linear(hidden, context)
            self.to_initial = nn.Linear(context, 2 * latent)
            self.mean, self.log_std = nn.Parameter(torch.zeros(latent)), nn.Parameter(torch.zeros(latent))
            self.posterior = _torch_net(latent + context, latent, hidden, 2, nn.Softplus)
            self.prior = _torch_net(latent, latent, hidden, 2, nn.Softplus)
            self.diffusions = nn.ModuleList(_torch_net(1, 1, hidden, 1, nn.Softplus, nn.Sigmoid) for _ in range(latent))
            self.decoder = nn.Linear(latent, 3)

        def f(self, t, z):
            following = min(int(torch.searchsorted(times, t, right=True)), len(times) - 1)
            return self.posterior(torch.cat([z, self.contexts[:, following]], -1))

        def h(self, t, z):
            return self.prior(z)

        def g(self, t, z):
            parts = [net(one) for net, one in zip(self.diffusions, z.split(1, -1), strict=True)]
            return 0.01 + 0.99 * torch.cat(parts, -1)

    model = Latent()

    def loss(values):
        states, _ = model.gru(torch.cat([values, torch.ones_like(values)], -1).flip(1))
        model.contexts = model.to_context(states).flip(1)
        mean, log_std = model.to_initial(model.contexts[:, 0]).chunk(2, -1)
        z0 = mean + log_std.exp() * torch.randn_like(mean)
        dt = float(times[1] - times[0])
        latents, log_ratio = torchsde.sdeint(model, z0, times, dt=dt, method="euler", logqp=True)
        found = model.decoder(latents).transpose(0, 1)
        log_density = torch.distributions.Normal(found, noise).log_prob(values).sum((1, 2))
        q, p = (torch.distributions.Normal(m, s.exp()) for m, s in ((mean, log_std), (model.mean, model.log_std)))
        return -(log_density - log_ratio.sum(0) - torch.distributions.kl_divergence(q, p).sum(-1)).mean()

    return model, loss


THEIRS = {"ode": _their_ode, "latent_ode": _their_latent_ode, "cde": _their_cde, "latent_sde": _their_latent_sde}
