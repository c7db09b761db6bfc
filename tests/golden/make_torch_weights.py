"""Writes the weights of a small network trained by PyTorch, and its logits, for tests/it/init_from.rs.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make_torch_weights.py

The network is the textbook CNN, with fewer filters and units, as people write it: the names of its layers are not those of taper. It
learns ten random images with noise, in f32.
"""

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
torch.use_deterministic_algorithms(True)
torch.set_num_threads(1)
torch.manual_seed(7)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.fc1 = nn.Linear(8 * 5 * 5, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc2(x)


images = torch.rand(10, 1, 12, 12)


def batch(size):
    labels = torch.randint(10, (size,))
    return torch.clamp(images[labels] + 0.3 * torch.randn(size, 1, 12, 12), 0, 1), labels


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for _ in range(100):
    x, y = batch(32)
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

x, y = batch(16)
with torch.no_grad():
    logits = net(x)
print(f"loss {loss.item():.3f}, accuracy on 16 new samples {(logits.argmax(1) == y).float().mean().item():.2f}")
save_file(net.state_dict(), HERE / "torch_weights.safetensors")
save_file({"input": x, "logits": logits}, HERE / "torch_logits.safetensors")
